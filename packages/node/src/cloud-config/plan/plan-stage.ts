import type { Place } from '@kiln/contract'
import type { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import type { FailurePolicy } from '@kiln/contract/cloud-config/schema/step'
import { planModules, type StepWish } from '../modules/index.ts'
import type { Operation } from '../operations/operation.ts'
import { type StageName, stepsOf } from '../stages.ts'
import { type Condition, conditionsOf, misfit } from './conditions.ts'
import { type PlanContext, withText } from './context.ts'
import type { StageFacts } from './facts.ts'
import { orderSteps } from './order.ts'

/** A cloud-config, and where it is from. */
export interface StageSource {
  readonly file: string
  readonly config: CloudConfig
  readonly placeOf?: (path: readonly (string | number)[]) => Place
}

/** One step, with all that can be known of it beforehand. */
export interface PlannedStep {
  readonly stage: StageName
  /** The file that asks for it, and the line in it. */
  readonly source: string
  readonly line: number | undefined
  readonly name: string
  /** Why it is not for this machine. */
  readonly skip: string | undefined
  /** What only the machine itself can say when the step is due. */
  readonly conditions: readonly Condition[]
  readonly operations: readonly Operation[]
  readonly warnings: readonly string[]
  readonly onFailure: FailurePolicy
  /** For each program of the step. */
  readonly timeoutMs: number
}

/** A command that is stuck must not hold a boot up for ever; one that installs packages may take its time. */
const usualTimeoutMs = 60 * 60_000

/**
 * What one stage would do on a machine, without doing anything: the same for the node and for who looks at it from afar.
 * @param sources in the order in which they act
 */
export function planStage(
  sources: readonly StageSource[],
  stage: StageName,
  facts: StageFacts,
): PlannedStep[] {
  const settings = settingsOf(sources, stage)
  const all = sources.flatMap((source) =>
    stepsOf(source.config, stage).map(({ step, path }, index) => {
      const name = step.name ?? `step ${index}`
      const after = (step.after ?? []).map((one) => one.name)
      return { source, step, path, name, file: source.file, names: namesOf(source, name), after }
    }),
  )
  const { steps, circle, unknown } = orderSteps(all)
  const planOf = ({ source, step, path, name }: (typeof all)[number], trouble: Trouble): PlannedStep => ({
    stage,
    source: source.file,
    line: source.placeOf?.(path).line,
    name,
    onFailure: step.on_failure ?? settings.onFailure,
    timeoutMs: step.timeout === undefined ? settings.timeoutMs : step.timeout * 1000,
    ...planStep(step, facts, trouble),
  })
  return [
    ...steps.map((each) => {
      const missing = unknown.filter(({ step }) => step === each)
      const warnings = missing.map(({ name }) => `after: no step of this stage is called ${name}`)
      return planOf(each, { warnings, blocked: undefined })
    }),
    ...circle.map((each) => {
      const blocked = `after: it waits for itself, by way of ${circle.map(({ name }) => name).join(', ')}`
      return planOf(each, { warnings: [], blocked })
    }),
  ]
}

/** All names by which `after` may call a step: the field's, with the name of the file, and its own. */
function namesOf({ file, config }: StageSource, name: string): string[] {
  const base = file.slice(file.lastIndexOf('/') + 1)
  const prefixes = [config.name, file, base, base.replace(/\.ya?ml$/, '')].filter(
    (prefix) => prefix !== undefined,
  )
  return [name, ...prefixes.map((prefix) => `${prefix}.${name}`)]
}

/** The last source that says something wins; `strict` stops unless something else is said. */
function settingsOf(sources: readonly StageSource[], stage: StageName) {
  const base = stage.replace(/\.(before|after)$/, '')
  const said = sources.flatMap(
    ({ config }) => config.kiln?.stages?.[stage] ?? config.kiln?.stages?.[base] ?? [],
  )
  const strict = sources.some(({ config }) => config.strict === true)
  const policy = said.findLast(({ on_failure }) => on_failure !== undefined)?.on_failure
  const timeout = said.findLast((setting) => setting.timeout !== undefined)?.timeout
  return {
    onFailure: policy ?? (strict ? 'stop' : 'continue'),
    timeoutMs: timeout === undefined ? usualTimeoutMs : timeout * 1000,
  } as const
}

interface Trouble {
  readonly warnings: readonly string[]
  readonly blocked: string | undefined
}

function planStep(
  step: StepWish,
  facts: StageFacts,
  { warnings, blocked }: Trouble,
): Pick<PlannedStep, 'skip' | 'conditions' | 'operations' | 'warnings'> {
  const skip = misfit(step, facts)
  if (skip !== undefined) return { skip, conditions: [], operations: [], warnings }
  if (blocked !== undefined) {
    return { skip, conditions: [], operations: [{ kind: 'impossible', message: blocked }], warnings }
  }
  const said = [...warnings]
  const context: PlanContext = { facts, warn: (text) => said.push(text) }
  let line: string | undefined
  const condition =
    step.if === undefined
      ? []
      : withText(context, 'if', step.if, (text) => {
          line = text
          return []
        })
  // Nobody knows whether a step should run whose condition cannot be read.
  if (condition.length > 0) return { skip, conditions: [], operations: condition, warnings: said }
  const operations = planModules(step, context)
  return { skip, conditions: conditionsOf(step, line), operations, warnings: said }
}
