import { KilnError } from '@kiln/contract'
import { type Difference, differenceText } from '@kiln/factory/plan/explain'
import type { Prospect, StepForecast } from '@kiln/factory/run/forecast'
import { choiceHint } from './options.ts'
import { count } from './report/plain.ts'

/** What is known of the steps of a build before it runs, as data and as lines. Pure. */
export interface PlannedStepData {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly prospect: Prospect
  readonly needs: readonly string[]
  readonly key?: string
  readonly comparedWith?: { readonly step: string; readonly made: string }
  readonly differences?: readonly Difference[]
}

export function planData(forecasts: readonly StepForecast[]): PlannedStepData[] {
  return forecasts.map(({ step, prospect, key, earlier, differences }) => ({
    id: step.id,
    kind: step.kind,
    title: step.title,
    prospect,
    needs: Object.values<string>(step.inputs),
    ...(key === undefined ? {} : { key }),
    ...(earlier ? { comparedWith: earlier } : {}),
    ...(differences ? { differences } : {}),
  }))
}

const words: Readonly<Record<Prospect, string>> = {
  cached: 'cached',
  new: 'build',
  unknown: 'after',
  always: 'always',
}

/** A line for each step, with the first reason why it is not cached, and a closing one. */
export function planLines(steps: readonly PlannedStepData[]): string[] {
  const width = Math.max(0, ...steps.map(({ title }) => title.length))
  const lines = steps.map((step) => {
    const reason = reasonOf(step, steps)
    return `${words[step.prospect].padEnd(8)} ${reason ? `${step.title.padEnd(width)}  ${reason}` : step.title}`
  })
  return [...lines, closingLine(steps)]
}

function reasonOf(step: PlannedStepData, steps: readonly PlannedStepData[]): string {
  if (step.prospect === 'cached') return ''
  if (step.prospect === 'always') return 'not everything that decides it is tracked'
  if (step.prospect === 'unknown') return `built if ${pending(step, steps).join(', ')} made something new`
  const [first, ...more] = (step.differences ?? []).map(differenceText)
  if (!step.comparedWith) return 'never built before'
  if (first === undefined) return 'its result is no longer in the cache'
  return more.length === 0 ? first : `${first} (and ${more.length} more)`
}

/** Titles of the inputs that are not cached. */
function pending(step: PlannedStepData, steps: readonly PlannedStepData[]): string[] {
  return steps
    .filter(({ id, prospect }) => step.needs.includes(id) && prospect !== 'cached')
    .map(({ title }) => title)
}

function closingLine(steps: readonly PlannedStepData[]): string {
  const amount = (...prospects: readonly Prospect[]) =>
    steps.filter(({ prospect }) => prospects.includes(prospect)).length
  const cached = amount('cached')
  if (cached === steps.length) return `nothing to build: all ${count(cached, 'step')} are cached`
  const unknown = amount('unknown')
  const rest = unknown === 0 ? '' : `, ${unknown} that depend on these`
  return `${amount('new', 'always')} to build${rest}, ${cached} cached`
}

export function isUpToDate(steps: readonly PlannedStepData[]): boolean {
  return steps.every(({ prospect }) => prospect === 'cached')
}

/**
 * The step that a word names: by id, by the end of an id, by kind or by title.
 * @throws KilnError E-USAGE where there is none, or more than one
 */
export function findStep(word: string, steps: readonly PlannedStepData[]): PlannedStepData {
  const tests: readonly ((step: PlannedStepData) => boolean)[] = [
    ({ id }) => id === word,
    ({ id }) => id.endsWith(`/${word}`),
    ({ kind }) => kind === word,
    ({ title }) => title === word,
  ]
  for (const test of tests) {
    const [found, ...others] = steps.filter(test)
    if (found && others.length === 0) return found
    if (found) {
      const ids = [found, ...others].map(({ id }) => id)
      throw new KilnError('E-USAGE', `there are several steps ${word}`, { hint: ids.join(', ') })
    }
  }
  const known = steps.map(({ id, kind }) => id.split('/').at(-1) ?? kind)
  throw new KilnError('E-USAGE', `there is no step ${word}`, { hint: choiceHint(word, [...new Set(known)]) })
}

/** Everything about one step. */
export function explainLines(step: PlannedStepData, steps: readonly PlannedStepData[]): string[] {
  const head = `${step.id}: ${words[step.prospect]}`
  if (step.prospect === 'cached') return [head, `  key ${step.key ?? ''}`]
  const before = step.comparedWith
  const since = before ? [`  since ${before.made}${before.step === step.id ? '' : ` (${before.step})`}:`] : []
  const differences = (step.differences ?? []).map((difference) => `    ${differenceText(difference)}`)
  if (differences.length > 0) return [head, ...since, ...differences]
  return [head, `  ${reasonOf(step, steps)}`]
}
