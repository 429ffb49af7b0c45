import { labels } from '@kiln/contract'
import { printOnConsoles } from '../consoles.ts'
import { type Host, HostError, type MountFlag, type MountRequest } from '../host/host.ts'
import { failureNote } from '../lifecycle/failure-notes.ts'
import { chooseBeside, devicePath, scanDevices } from './devices.ts'
import type { Session } from './execute.ts'
import { type BootFailure, failureScreen } from './failure.ts'
import { paths } from './paths.ts'

const reportMount = '/run/kiln/report'

/**
 * Tells why the boot is refused: on every console, in the kernel's log, in /run, and on the installed system's disk.
 * @param installed whether the machine's own disk was being booted; otherwise no disk is touched
 */
export function reportFailure(
  session: Session,
  failure: BootFailure,
  commandLine: string,
  installed: boolean,
): void {
  const { host, notes } = session
  printOnConsoles(host, failureScreen(failure, notes))
  const summary = `kiln: boot refused: ${failure.reason}: ${failure.message.split('\n')[0]}`
  // Level 2 (critical): shown where the console is quiet, kept in the log of the next boot where there is pstore.
  quietly(() => host.write('/dev/kmsg', `<2>${summary}\n`, { append: true }))
  const report = {
    schema: 'kiln.boot-failure/v1',
    reason: failure.reason,
    title: failure.title,
    detail: failure.message,
    at: new Date(host.now()).toISOString(),
    kernelCommandLine: commandLine,
    ...session.booted,
    medium: session.medium,
    devices: session.devices,
    notes,
    timings: session.timings,
  }
  const text = `${JSON.stringify(report, undefined, 2)}\n`
  quietly(() => {
    host.mkdir('/run/kiln', { recursive: true })
    host.write(paths.bootFailure, text)
  })
  if (!installed) return
  storeOnDisk(session, text)
  const { generation } = session.booted
  if (generation !== undefined) leaveNote(session, generation, text)
}

/** For the generation that comes up in its place: it tells the reason. */
function leaveNote(session: Session, generation: number, text: string): void {
  const { host } = session
  const write = (folder: string) => {
    host.mkdir(`${folder}/kiln`, { recursive: true })
    host.writeAtomic(`${folder}/${failureNote(generation)}`, text)
  }
  const isMounted = quietly(() => host.mount(remount(paths.statePartition)))
  if (isMounted) {
    quietly(() => write(paths.statePartition))
    quietly(() => host.mount(remount(paths.statePartition, 'ro')))
    return
  }
  const device = chooseBeside(scanDevices(host, session.devices), labels.state, session.medium)
  if (device) withMounted(host, devicePath(device), device.fileSystem.type, write)
}

/** First partition that takes it: COS_OEM, which people read, then COS_STATE. */
function storeOnDisk(session: Session, text: string): void {
  const { host } = session
  const devices = scanDevices(host, session.devices)
  for (const label of [labels.oem, labels.state]) {
    const device = chooseBeside(devices, label, session.medium)
    // COS_STATE may still be mounted read-only for the root.
    if (label === labels.state) quietly(() => host.mount(remount(paths.statePartition)))
    if (device && storeOn(host, devicePath(device), device.fileSystem.type, text)) return
  }
}

function storeOn(host: Host, source: string, type: string, text: string): boolean {
  return withMounted(host, source, type, (folder) => {
    host.mkdir(`${folder}/kiln`, { recursive: true })
    host.writeAtomic(`${folder}/kiln/boot-failure.json`, text)
  })
}

function withMounted(host: Host, source: string, type: string, action: (folder: string) => void): boolean {
  return quietly(() => {
    host.mkdir(reportMount, { recursive: true })
    host.mount({ source, target: reportMount, type })
    try {
      action(reportMount)
    } finally {
      host.unmount(reportMount)
    }
  })
}

function remount(target: string, ...flags: readonly MountFlag[]): MountRequest {
  return { source: 'none', target, flags: ['remount', ...flags] }
}

/** A report that fails must not hide what it reports. @returns whether it worked */
function quietly(action: () => void): boolean {
  try {
    action()
    return true
  } catch (error) {
    if (error instanceof HostError) return false
    throw error
  }
}
