import { type BootParameters, Layout, labels, layoutPath, parseBootParameters } from '@kiln/contract'
import * as z from 'zod/mini'
import { onAllConsoles } from '../consoles.ts'
import type { Host } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'
import { customMountsPath, withCustomMounts } from './custom-mounts.ts'
import { type BlockDevice, chooseBeside, devicePath, scanDevices } from './devices.ts'
import { execute, type Session } from './execute.ts'
import { BootFailure } from './failure.ts'
import { tryAnother } from './fallback.ts'
import { moduleNames } from './modules.ts'
import { paths } from './paths.ts'
import { type FoundDevice, planConfiguration, planRoot, planWritable } from './plan.ts'
import { reportFailure } from './report.ts'

/** `/init` gives a shell on this code and restarts the machine on any other but 0. */
export const rescueShellCode = 64
const failedCode = 1

/** Finds, checks and mounts the root at /sysroot, ready for switch_root. @returns the exit code for /init */
export function runInitramfs(base: Host): number {
  const host = onAllConsoles(base)
  const commandLine = host.readText('/proc/cmdline').trim()
  const parameters = parseBootParameters(commandLine)
  const session: Session = {
    host,
    debug: parameters.debug,
    notes: [],
    medium: undefined,
    devices: [],
    timings: [],
    loaderPartition: undefined,
    beingErased: undefined,
    booted: { mode: 'active', ...(parameters.entry === undefined ? {} : { entry: parameters.entry }) },
    watchdog: { seconds: watchdogSeconds(parameters), lastTended: undefined },
  }
  try {
    boot(session, parameters)
    writeFacts(session, parameters, commandLine)
    return 0
  } catch (error) {
    const failure =
      error instanceof BootFailure ? error : new BootFailure('agent-defect', String(error), error)
    const installed = parameters.source?.kind === 'slot'
    reportFailure(session, failure, commandLine, installed)
    if (installed) tryAnother(session)
    return parameters.rescueShell ? rescueShellCode : failedCode
  }
}

/** Whoever sits in a shell must not be restarted; on a live medium there is nothing to fall back to. */
function watchdogSeconds({ source, rescueShell, watchdogSeconds }: BootParameters): number {
  return source?.kind === 'slot' && !rescueShell ? watchdogSeconds : 0
}

function boot(session: Session, parameters: BootParameters): void {
  const { host } = session
  const modules = moduleNames(readIfThere(host, paths.alwaysModules) ?? '')
  execute(planRoot(parameters, modules), session)
  const layout = readLayout(host)
  const partition = partitionFinder(session, parameters)
  execute(planConfiguration(partition(labels.oem)), session)
  const custom = withCustomMounts(layout, readIfThere(host, customMountsPath))
  session.notes.push(...custom.notes)
  execute(planWritable(custom.layout, storeDevice(session, parameters, partition)), session)
}

/** In recovery nothing of the persistent store is touched: it may be what is broken, or about to be erased. */
function storeDevice(
  session: Session,
  { source }: BootParameters,
  partition: (label: string) => FoundDevice | undefined,
): FoundDevice | undefined {
  if (source?.kind !== 'slot' || session.booted.mode === 'recovery') return undefined
  const device = partition(labels.persistent)
  if (!device)
    session.notes.push(`no ${labels.persistent} on this disk: what is written is lost at the next start`)
  return device
}

/**
 * Finds a partition of the installed system. A live system leaves the machine's disks alone: they may belong to what is
 * about to be installed over or repaired.
 */
function partitionFinder(
  session: Session,
  parameters: BootParameters,
): (label: string) => FoundDevice | undefined {
  if (parameters.source?.kind !== 'slot') return () => undefined
  // No waiting: partitions of the disk with the root appear together with it.
  session.devices = scanDevices(session.host, session.devices)
  return (label) => {
    // Whatever is on it now must not keep the system from going on with the reset.
    if (session.beingErased !== undefined && label === labels[session.beingErased]) {
      session.notes.push(`a reset was broken off while it made ${label} anew: it is left alone`)
      return undefined
    }
    return found(chooseBeside(session.devices, label, session.medium))
  }
}

function found(device: BlockDevice | undefined): FoundDevice | undefined {
  return device && { path: devicePath(device), type: device.fileSystem.type }
}

/** Plain JSON, from the checked root: a broken one is a defect of the build, so the message may be technical. */
function readLayout(host: Host): Layout {
  const text = readIfThere(host, `${paths.sysroot}${layoutPath}`)
  if (text === undefined) throw new BootFailure('layout-unreadable', `${layoutPath} is not in the image.`)
  try {
    return z.parse(Layout, JSON.parse(text))
  } catch (error) {
    throw new BootFailure('layout-unreadable', `${layoutPath}: ${String(error)}`, error)
  }
}

function writeFacts(session: Session, parameters: BootParameters, commandLine: string): void {
  const { host } = session
  const { source, rootHash, verifyAhead } = parameters
  const facts = {
    schema: 'kiln.boot/v1',
    ...(source?.kind === 'slot' ? { ...session.booted, slot: source.slot } : { mode: 'live' }),
    rootHash,
    rootDevice: paths.rootDevice,
    medium: session.medium === undefined ? undefined : devicePath({ name: session.medium }),
    /** `ahead`: all of it was read before the start; `lazy`: each block is checked when it is read. */
    verified: source?.kind !== 'slot' && verifyAhead ? 'ahead' : 'lazy',
    kernelCommandLine: commandLine,
    notes: session.notes,
    timings: session.timings,
  }
  host.write(paths.bootFacts, `${JSON.stringify(facts, undefined, 2)}\n`)
}
