import { exists } from '../host/tree.ts'
import { type Actor, OperationError, timedOut } from './operations/actor.ts'
import { execute } from './operations/execute.ts'
import { type Condition, conditionText, filesMeet } from './plan/conditions.ts'
import type { PlannedStep } from './plan/plan-stage.ts'
import type { StepRecord } from './records.ts'

export interface StepRunner extends Omit<Actor, 'warn' | 'timeoutMs' | 'beat'> {
  readonly record: (record: StepRecord) => void
}

/** A condition that takes longer is not met. */
const conditionTimeoutMs = 60_000
/** A bit less than programs are looked at. */
const quietMs = 9_000

/** Does what a step says, all of it even if something fails, and tells what became of it. */
export function runStep(step: PlannedStep, runner: StepRunner): StepRecord {
  const { host } = runner
  const at = Math.round(host.uptime())
  const warnings = [...step.warnings]
  let told = at
  const actor: Actor = {
    ...runner,
    timeoutMs: step.timeoutMs,
    warn: (text) => void warnings.push(text),
    beat: (program) => {
      // A download reports more often than anybody wants to read.
      if (host.uptime() - told < quietMs) return
      told = host.uptime()
      const seconds = Math.round((host.uptime() - at) / 1000)
      host.print(
        `kiln: ${step.stage}: ${step.name}: still running after ${seconds} s: ${program.slice(0, 120)}\n`,
      )
      runner.record({
        ...recordOf(step, at),
        ms: seconds * 1000,
        status: 'running',
        why: program,
        errors: [],
        warnings,
      })
    },
  }
  const outcome =
    step.skip === undefined
      ? perform(step, actor)
      : ({ status: 'skipped', why: step.skip, errors: [] } as const)
  return { ...recordOf(step, at), ...outcome, ms: Math.round(host.uptime() - at), warnings }
}

/** A step that is not reached. */
export function passedOver(step: PlannedStep, why: string, at: number): StepRecord {
  return {
    ...recordOf(step, Math.round(at)),
    ms: 0,
    status: 'skipped',
    why,
    errors: [],
    warnings: step.warnings,
  }
}

function recordOf({ stage, source, line, name }: PlannedStep, at: number) {
  return { stage, source, ...(line === undefined ? {} : { line }), step: name, at }
}

function perform(
  step: PlannedStep,
  actor: Actor,
): Pick<StepRecord, 'status' | 'why' | 'errors' | 'unhealthy'> {
  try {
    const unmet = step.conditions.find((condition) => !isMet(condition, actor))
    if (unmet) return { status: 'skipped', why: conditionText(unmet), errors: [] }
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    return { status: 'failed', errors: error.messages }
  }
  const errors = step.operations.flatMap((operation) => execute(operation, actor))
  if (errors.length === 0) return { status: 'ok', errors }
  return { status: 'failed', errors, ...(step.onFailure === 'unhealthy' ? { unhealthy: true } : {}) }
}

function isMet(condition: Condition, actor: Actor): boolean {
  const { host, root, shell, timeoutMs } = actor
  if (condition.kind === 'files') {
    return filesMeet(
      condition.check,
      condition.paths.map((path) => exists(host, `${root}${path}`)),
    )
  }
  const [program, ...rest] = shell
  const limit = Math.min(timeoutMs, conditionTimeoutMs)
  const { code } = host.run([program, ...rest, '-c', condition.line], { timeoutMs: limit })
  if (code === timedOut)
    throw new OperationError(`if: took longer than ${Math.round(limit / 1000)} s: ${condition.line}`)
  return code === 0
}
