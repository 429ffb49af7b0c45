import type { RunResult } from '../host/host.ts'
import { HostError, hasErrno } from '../host/host.ts'
import { exists } from '../host/tree.ts'
import { type BlockDevice, chooseDevice, devicePath, scanDevices } from './devices.ts'
import type { Session } from './execute.ts'
import { BootFailure, corruptedBlock } from './failure.ts'
import { disksWithPartition } from './loader-disk.ts'
import { coldplug } from './modules.ts'
import { paths } from './paths.ts'
import type { Step } from './plan.ts'
import { takeOverImage } from './take-over.ts'
import { replaceMissingWatchdog, tendWatchdog } from './watchdog.ts'

type StepOf<K extends Step['kind']> = Extract<Step, { readonly kind: K }>

const pollMs = 150
const chunkBytes = 4 * 1024 * 1024
/** libdevmapper would otherwise wait for a udev that does not run here. */
const withoutUdev = { DM_DISABLE_UDEV: '1' }

export function awaitMedium(step: StepOf<'mountMedium'>, session: Session): void {
  const { host } = session
  const deadline = host.uptime() + step.timeoutMs
  const tried = new Set<string>()
  for (;;) {
    coldplug(host, tried)
    session.devices = scanDevices(host, session.devices)
    tendWatchdog(host, session.watchdog)
    const choice = chooseDevice(candidates(step, session), step.label, step.types)
    if (choice.kind === 'several') {
      const names = choice.devices.map(devicePath).join(', ')
      throw new BootFailure('root-ambiguous', `The label ${step.label} is on ${names}.`)
    }
    if (choice.kind === 'one') {
      if (step.onLoaderDisk && takeOverImage(choice.device, session)) continue
      session.medium = choice.device.name
      host.mkdir(step.target, { recursive: true })
      host.mount({
        source: devicePath(choice.device),
        target: step.target,
        type: choice.device.fileSystem.type,
        flags: ['ro'],
      })
      replaceMissingWatchdog(host, session.watchdog)
      return
    }
    if (host.uptime() >= deadline) throw notFound(step, session)
    host.sleep(pollMs)
  }
}

/** Where the loader says which disk it is on, another one with the same label is not looked at. */
function candidates(step: StepOf<'mountMedium'>, session: Session): BlockDevice[] {
  const { host, loaderPartition, devices } = session
  if (!step.onLoaderDisk || loaderPartition === undefined) return devices
  const disks = disksWithPartition(host, loaderPartition)
  return devices.filter(({ parent }) => parent !== undefined && disks.includes(parent))
}

function notFound(step: StepOf<'mountMedium'>, session: Session): BootFailure {
  const seen = session.devices.map(
    (device) => `${device.name} (${device.fileSystem.type} ${device.fileSystem.label ?? 'without label'})`,
  )
  const disk = step.onLoaderDisk ? session.loaderPartition : undefined
  const where = disk === undefined ? '' : ` on the disk with the boot loader's partition ${disk}`
  const wait = `Waited ${step.timeoutMs / 1000} s for a device with the label ${step.label}${where}`
  return new BootFailure('root-not-found', `${wait}; seen: ${seen.join(', ') || 'none'}.`)
}

export function openRoot(step: StepOf<'openRoot'>, session: Session): void {
  const { host } = session
  if (!exists(host, step.image)) throw new BootFailure('root-image-missing', `${step.image} is not there.`)
  const loop = expectOk(host.run([paths.busybox, 'losetup', '-f'])).stdout.trim()
  expectOk(host.run([paths.busybox, 'losetup', '-r', loop, step.image]))
  const offset = `--hash-offset=${step.hashOffset}`
  const opened = host.run([paths.veritysetup, 'open', loop, 'kiln-root', loop, step.rootHash, offset], {
    env: withoutUdev,
  })
  const said = `${opened.stdout}${opened.stderr}`.trim()
  // A tree whose top does not match is opened all the same; veritysetup only says so.
  if (opened.code !== 0 || /corrupt/i.test(said)) {
    throw new BootFailure('root-not-verified', said || `veritysetup ended with ${opened.code}.`)
  }
}

/** Reading through the device makes the kernel check every block; the percentage is for slow media. */
export function readThrough(step: StepOf<'readThrough'>, session: Session): void {
  const { host } = session
  let shown = 0
  for (let offset = 0; ; offset += chunkBytes) {
    const length = readChunk(session, offset)
    tendWatchdog(host, session.watchdog)
    if (length < chunkBytes) return
    const percent = Math.min(100, Math.floor(((offset + length) / step.bytes) * 100))
    if (percent >= shown + 25) {
      shown = percent
      host.print(`kiln: checking the root image: ${percent} %\n`)
    }
  }
}

function readChunk(session: Session, offset: number): number {
  try {
    return session.host.readBytes(paths.rootDevice, offset, chunkBytes).length
  } catch (error) {
    if (hasErrno(error, 'EIO')) throw damaged(session, error)
    throw error
  }
}

export function mountRoot(session: Session): void {
  try {
    session.host.mount({ source: paths.rootDevice, target: paths.sysroot, type: 'squashfs', flags: ['ro'] })
  } catch (error) {
    // Without the reading-through, damage of the first blocks shows here.
    if (error instanceof HostError && corruptedBlock(kernelLog(session))) throw damaged(session, error)
    throw error
  }
}

function damaged(session: Session, cause: unknown): BootFailure {
  const block = corruptedBlock(kernelLog(session))
  const where = block
    ? `dm-verity: ${block} (of 4096 bytes) is not what was built.`
    : 'A block cannot be read.'
  return new BootFailure('root-damaged', where, cause)
}

function kernelLog(session: Session): string {
  return session.host.run([paths.busybox, 'dmesg']).stdout
}

function expectOk(result: RunResult): RunResult {
  if (result.code === 0) return result
  throw new BootFailure('medium-unreadable', `No loop device for the root image: ${result.stderr.trim()}`)
}
