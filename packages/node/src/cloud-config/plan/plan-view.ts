import { operationText } from '../operations/describe.ts'
import type { AnyStage } from '../stages.ts'
import { conditionText } from './conditions.ts'
import type { PlannedStep } from './plan-stage.ts'

/** What a stage would do, with its phases in their order. */
export interface StagePlan {
  readonly stage: AnyStage
  readonly steps: readonly PlannedStep[]
}

/** For programs. */
export function planData({ stage, steps }: StagePlan) {
  return {
    schema: 'kiln.stage-plan/v1',
    stage,
    steps: steps.map(({ operations, timeoutMs, ...step }) => ({
      ...step,
      timeoutSeconds: timeoutMs / 1000,
      operations: operations.map((operation) => ({ ...operation, text: operationText(operation) })),
    })),
  }
}

/** For people: each step with what it would do, and what decides whether it does. */
export function planLines({ stage, steps }: StagePlan): string[] {
  if (steps.length === 0) return [`stage ${stage}: nothing to do`]
  const lines: string[] = []
  let phase = ''
  for (const step of steps) {
    if (step.stage !== phase) lines.push(`${step.stage}`)
    phase = step.stage
    lines.push(...stepLines(step))
  }
  return lines
}

function stepLines(step: PlannedStep): string[] {
  const { name, skip, conditions, operations, warnings, onFailure } = step
  const policy = onFailure === 'continue' ? '' : `, on failure: ${onFailure}`
  return [
    `  ${name} (${placeText(step)}${policy})`,
    ...(skip === undefined ? [] : [`    skipped, ${skip}`]),
    ...conditions.map((condition) => `    only ${conditionText(condition)}`),
    ...operations.map((operation) => `    - ${operationText(operation)}`),
    ...warnings.map((warning) => `    warning: ${warning}`),
  ]
}

/** What can be known to fail before anything is done, each with its place. */
export function impossibleIn(steps: readonly PlannedStep[]): string[] {
  return steps.flatMap((step) =>
    step.operations.flatMap((operation) =>
      operation.kind === 'impossible'
        ? [`${placeText(step)}: ${step.stage}: ${step.name}: ${operation.message}`]
        : [],
    ),
  )
}

function placeText({ source, line }: PlannedStep): string {
  return line === undefined ? source : `${source}:${line}`
}
