import { parentOf } from '../host/durable.ts'
import type { MountRequest, RunResult } from '../host/host.ts'
import { exists, statIfThere } from '../host/tree.ts'
import type { Session } from './execute.ts'
import { BootFailure } from './failure.ts'
import { paths } from './paths.ts'
import type { Step } from './plan.ts'

type StepOf<K extends Step['kind']> = Extract<Step, { readonly kind: K }>

export function mountAt({ host }: Session, request: MountRequest): void {
  // Inside the root, a missing folder cannot be made: the image has to bring it.
  if (!request.target.startsWith(`${paths.sysroot}/`)) host.mkdir(request.target, { recursive: true })
  host.mount(request)
}

export function mountOverlay({ path, upper, work }: StepOf<'overlay'>, session: Session): void {
  const { host } = session
  const lower = `${paths.sysroot}${path}`
  const original = statIfThere(host, lower)
  if (!original) {
    skip(session, path)
    return
  }
  host.mkdir(upper, { recursive: true })
  host.mkdir(work, { recursive: true })
  // The folder that is seen takes owner and mode from the upper one.
  host.chown(upper, original.uid, original.gid)
  host.chmod(upper, original.mode)
  host.mount({
    source: 'overlay',
    target: lower,
    type: 'overlay',
    data: `lowerdir=${lower},upperdir=${upper},workdir=${work}`,
  })
}

export function fillStore({ path, marker }: StepOf<'fillStore'>, session: Session): void {
  const { host } = session
  if (exists(host, marker)) return
  if (exists(host, `${paths.sysroot}${path}`)) copyInRoot(session, `${path}/.`, paths.store)
  host.mkdir(marker, { mode: 0o755 })
}

export function seedPath({ path, target }: StepOf<'seed'>, session: Session): void {
  const { host } = session
  if (exists(host, target) || !exists(host, `${paths.sysroot}${path}`)) return
  const unfinished = `${target}.new`
  host.mkdir(parentOf(target), { recursive: true })
  host.remove(unfinished, { recursive: true })
  copyInRoot(session, path, unfinished)
  host.sync()
  host.rename(unfinished, target)
}

export function bindPath({ source, path }: StepOf<'bind'>, session: Session): void {
  const { host } = session
  const target = `${paths.sysroot}${path}`
  if (exists(host, target) && exists(host, source)) host.mount({ source, target, flags: ['bind'] })
  else skip(session, path)
}

/**
 * The image's own cp, because busybox's loses extended attributes: file capabilities and SELinux labels. /run is the
 * same inside and outside.
 */
function copyInRoot({ host }: Session, from: string, to: string): void {
  expectOk(host.run([paths.busybox, 'chroot', paths.sysroot, 'cp', '-a', from, to]), from)
}

function expectOk(result: RunResult, path: string): void {
  if (result.code !== 0)
    throw new BootFailure('layout-failed', `cannot copy ${path}: ${result.stderr.trim()}`)
}

function skip(session: Session, path: string): void {
  const note = `the image has no ${path}, so it cannot be made writable`
  session.notes.push(note)
  session.host.printError(`kiln: ${note}\n`)
}
