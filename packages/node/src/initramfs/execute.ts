import { type Host, HostError } from '../host/host.ts'
import { statIfThere } from '../host/tree.ts'
import type { BlockDevice } from './devices.ts'
import { BootFailure, type FailureReason } from './failure.ts'
import { type BootedAs, identify, readFirmware } from './identify.ts'
import { checkInit } from './init-program.ts'
import { bindPath, fillStore, mountAt, mountOverlay, seedPath } from './layout-steps.ts'
import { loadModules, withSoftDependencies } from './modules.ts'
import { paths } from './paths.ts'
import type { Step } from './plan.ts'
import { awaitMedium, mountRoot, openRoot, readThrough } from './root-steps.ts'
import { runStageStep } from './stage-steps.ts'
import { tendWatchdog, type Watchdog } from './watchdog.ts'

/** What the steps of one boot share. */
export interface Session {
  readonly host: Host
  readonly debug: boolean
  /** Things that went wrong but stopped nothing yet; shown if the boot fails. */
  readonly notes: string[]
  /** Name of the device that carries the root, once it is found: `sda2`. */
  medium: string | undefined
  /** All devices of the last scan. */
  devices: BlockDevice[]
  readonly timings: { readonly step: string; readonly ms: number }[]
  /** GUID of the partition that the boot loader was started from, upper-case. */
  loaderPartition: string | undefined
  booted: BootedAs
  /** What a reset was making anew when it was broken off. */
  beingErased: 'persistent' | 'oem' | undefined
  readonly watchdog: Watchdog
}

type StepOf<K extends Step['kind']> = Extract<Step, { readonly kind: K }>

/** One function for each kind of step; a kind without one does not compile. */
const executors: { readonly [K in Step['kind']]: (step: StepOf<K>, session: Session) => void } = {
  loadModules: ({ names }, { host, notes }) => {
    const release = host.readText('/proc/sys/kernel/osrelease').trim()
    const softdep = `/lib/modules/${release}/modules.softdep`
    const text = statIfThere(host, softdep) ? host.readText(softdep) : ''
    notes.push(...loadModules(host, withSoftDependencies(names, text)))
  },
  mountMedium: awaitMedium,
  openRoot: openRoot,
  readThrough: readThrough,
  mountRoot: (_step, session) => mountRoot(session),
  readFirmware: (_step, session) => readFirmware(session),
  identify: ({ slot }, session) => {
    identify(session, slot)
    writeSentinel(session.host, `${session.booted.mode}_mode`)
  },
  checkInit: (_step, session) => checkInit(session.host),
  sentinel: ({ name }, { host }) => writeSentinel(host, name),
  mount: ({ request }, session) => mountAt(session, request),
  unmount: ({ path, lazy }, { host }) => host.unmount(path, { lazy }),
  overlay: mountOverlay,
  fillStore: fillStore,
  seed: seedPath,
  bind: bindPath,
  stage: ({ stage }, session) => runStageStep(stage, session),
}

function writeSentinel(host: Host, name: string): void {
  host.mkdir(paths.sentinels, { recursive: true })
  host.write(`${paths.sentinels}/${name}`, '')
}

/** What it means for the boot when a step fails that does not say so itself. */
const reasons: { readonly [K in Step['kind']]: FailureReason } = {
  loadModules: 'root-not-found',
  mountMedium: 'medium-unreadable',
  openRoot: 'root-not-verified',
  readThrough: 'root-damaged',
  mountRoot: 'root-unmountable',
  readFirmware: 'agent-defect',
  identify: 'agent-defect',
  checkInit: 'init-missing',
  sentinel: 'layout-failed',
  mount: 'layout-failed',
  unmount: 'layout-failed',
  overlay: 'layout-failed',
  fillStore: 'layout-failed',
  seed: 'layout-failed',
  bind: 'layout-failed',
  stage: 'agent-defect',
}

/** Does the steps in order. @throws BootFailure on the first one that fails */
export function execute(steps: readonly Step[], session: Session): void {
  for (const step of steps) {
    const start = session.host.uptime()
    tendWatchdog(session.host, session.watchdog)
    if (session.debug) session.host.print(`kiln: ${describe(step)}\n`)
    perform(step, session)
    session.timings.push({ step: label(step), ms: Math.round(session.host.uptime() - start) })
  }
}

function perform<K extends Step['kind']>(step: StepOf<K>, session: Session): void {
  try {
    const executor = executors[step.kind] as (step: StepOf<K>, session: Session) => void
    executor(step, session)
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    throw new BootFailure(reasons[step.kind], `${label(step)}: ${error.message}`, error)
  }
}

function label(step: Step): string {
  const { path, target, stage, request } = step as Partial<{
    path: string
    target: string
    stage: string
    request: { target: string }
  }>
  const object = path ?? stage ?? request?.target ?? target
  return object === undefined ? step.kind : `${step.kind} ${object}`
}

function describe({ kind, ...rest }: Step): string {
  return `${kind} ${JSON.stringify(rest)}`
}
