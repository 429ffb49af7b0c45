import { runStage } from '../cloud-config/run-stage.ts'
import { sourcesOf } from '../cloud-config/sources.ts'
import { HostError } from '../host/host.ts'
import type { Session } from './execute.ts'
import { restoreMachineId } from './machine-id.ts'
import { paths } from './paths.ts'
import { tended } from './watchdog.ts'

/** A stage that fails is reported and recorded, and stops no boot. */
export function runStageStep(stage: 'rootfs' | 'initramfs', session: Session): void {
  if (stage === 'initramfs') attempt('machine-id', session, () => restoreMachineId(session.host))
  attempt(`stage ${stage}`, session, () =>
    stage === 'rootfs' ? runInInitramfs(session) : runInRoot(session),
  )
}

function attempt(what: string, { host, notes }: Session, body: () => void): void {
  try {
    body()
  } catch (error) {
    const message = error instanceof HostError ? error.message : String(error)
    notes.push(`${what}: ${message}`)
    host.printError(`kiln: ${what}: ${message}\n`)
  }
}

/** Reads the configuration of the mounted root, but acts on the initramfs. */
function runInInitramfs({ host, watchdog }: Session): void {
  runStage(tended(host, watchdog), 'rootfs', {
    sources: sourcesOf(paths.sysroot),
    root: '',
    shell: [paths.busybox, 'sh'],
    image: paths.sysroot,
  })
}

/** With the image's own agent and shell, as the running system would. */
function runInRoot({ host, notes }: Session): void {
  const argv = [paths.busybox, 'chroot', paths.sysroot, paths.agentInImage, 'run-stage', 'initramfs'] as const
  const { code, stdout, stderr } = host.run(argv)
  host.print(`${stdout}${stderr}`)
  if (code !== 0) notes.push(`stage initramfs ended with ${code}`)
}
