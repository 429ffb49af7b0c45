import type { Argv, Host } from '../host/host.ts'
import type { Gathered } from './gather.ts'
import { nodeFacts } from './plan/node-facts.ts'
import { type PlannedStep, planStage } from './plan/plan-stage.ts'
import { recordStep, type StepRecord } from './records.ts'
import { passedOver, runStep, type StepRunner } from './run-step.ts'
import type { SourceFolder } from './sources.ts'
import { type ReadSources, readStageSources } from './stage-sources.ts'
import { type AnyStage, phasesOf } from './stages.ts'

export interface StageOptions {
  readonly sources: readonly SourceFolder[]
  /** What stands before every path that is read or written; empty on the node, a folder in tests. */
  readonly root: string
  /** The shell, without its `-c`. */
  readonly shell: Argv
  /** What there is, where somebody has just looked. */
  readonly gathered?: Gathered
  /** Only what was gathered counts, also after a step that brought more. */
  readonly only?: boolean
  /** Where the system is whose os-release counts and whose programs there are, if that is not `root`. */
  readonly image?: string
}

/** Stages in which addresses of configuration are asked; the others go by copies of an earlier start. */
const networkStages: readonly AnyStage[] = ['network', 'reconcile']

/**
 * Runs one stage: `X.before` of all sources, then `X`, then `X.after`. A step that fails is reported and recorded; what that
 * means for the others its policy says. A source that is not understood is reported and left out.
 * @returns 0, or 1 where anything failed
 */
export function runStage(host: Host, stage: AnyStage, options: StageOptions): number {
  const { root, shell, sources: folders } = options
  const run = { failed: false, stopped: undefined as string | undefined }
  const record = (entry: StepRecord) => recordStep(host, root, entry)
  const { gathered, only = false } = options
  const network = networkStages.includes(stage)
  const where = { folders, root, network, ...(gathered ? { gathered } : {}) }
  let read = readStageSources(host, where)
  tellReading(host, stage, read, record)
  run.failed = read.broken.length > 0
  for (const phase of phasesOf(stage)) {
    const steps = planStage(read.sources, phase, nodeFacts(host, options.image ?? root))
    for (const step of steps) {
      const entry = runOne(step, run.stopped, { host, root, shell, record, image: options.image })
      record(entry)
      tellStep(host, entry)
      if (entry.status !== 'failed') continue
      run.failed = true
      if (step.onFailure === 'stop') run.stopped = `${step.name} failed, and on_failure is stop`
    }
    // A step may have brought new configuration.
    if (!only && steps.some(({ operations }) => operations.length > 0))
      read = readStageSources(host, where, read)
  }
  return run.failed ? 1 : 0
}

function runOne(step: PlannedStep, stopped: string | undefined, runner: StepRunner): StepRecord {
  return stopped === undefined ? runStep(step, runner) : passedOver(step, stopped, runner.host.uptime())
}

function tellReading(
  host: Host,
  stage: AnyStage,
  read: ReadSources,
  record: (entry: StepRecord) => void,
): void {
  // Every stage reads every file; saying it once is enough. What is fetched is fetched later.
  const warnings = stage === 'boot' ? read.warnings : stage === 'network' ? read.remoteWarnings : []
  for (const warning of warnings) host.printError(`kiln: ${warning}\n`)
  for (const { file, errors } of read.broken) {
    for (const error of errors) host.printError(`kiln: ${error}\n`)
    const at = Math.round(host.uptime())
    record({ stage, source: file, step: 'read', at, ms: 0, status: 'failed', errors, warnings: [] })
  }
}

function tellStep(
  host: Host,
  { stage, step, status, why, ms, source, line, errors, warnings }: StepRecord,
): void {
  const place = line === undefined ? source : `${source}:${line}`
  host.print(
    `kiln: ${stage}: ${step}: ${status}${why === undefined ? '' : `, ${why}`} (${ms} ms, ${place})\n`,
  )
  for (const warning of warnings) host.printError(`kiln: ${stage}: ${step}: warning: ${warning}\n`)
  for (const error of errors) host.printError(`kiln: ${stage}: ${step}: ${error}\n`)
}
