import { type Difference, explainChange, type ForeseenFingerprint } from '../plan/explain.ts'
import { contentKey, type Fingerprint, fingerprintOf } from '../plan/fingerprint.ts'
import type { Plan, Step } from '../plan/step.ts'
import type { ResultCard } from './card.ts'
import { listCards } from './objects.ts'
import { openStore } from './store.ts'

/**
 * `cached`: its result is taken from the cache. `new`: it is made. `unknown`: something before it is made, and only then
 * can be seen whether it must be, too. `always`: not everything that decides it is tracked, so it is made each time.
 */
export type Prospect = 'cached' | 'new' | 'unknown' | 'always'

export interface StepForecast {
  readonly step: Step
  readonly prospect: Prospect
  /** Content key, where all inputs are known. */
  readonly key?: string
  readonly fingerprint: ForeseenFingerprint
  /** The latest earlier result of the same step: what it is compared with. */
  readonly earlier?: { readonly step: string; readonly made: string }
  /** How it differs from that one. Undefined where there is none; empty where that one was only removed or damaged. */
  readonly differences?: readonly Difference[]
}

/** What a build would do with each step of a plan, as far as that can be known before. Changes nothing. */
export async function forecast(plan: Plan, cache: string): Promise<StepForecast[]> {
  const store = openStore(cache)
  const cards = await listCards(cache)
  const digests = new Map<string, string>()
  const forecasts: StepForecast[] = []
  for (const step of plan.steps) {
    const inputs = Object.entries<string>(step.inputs).map(([name, id]) => [name, digests.get(id)] as const)
    const fingerprint: ForeseenFingerprint = {
      ...fingerprintOf(step, {}),
      inputs: Object.fromEntries(inputs),
    }
    const key = isWhole(fingerprint) ? contentKey(fingerprint) : undefined
    const result = key === undefined ? undefined : await store.find(key)
    if (result) digests.set(step.id, result.digest)
    const prospect = prospectOf(fingerprint, key, result !== undefined)
    forecasts.push({
      step,
      prospect,
      fingerprint,
      ...(key === undefined ? {} : { key }),
      ...(prospect === 'cached' ? {} : comparison(fingerprint, earlierResult(step, cards))),
    })
  }
  return forecasts
}

function prospectOf(fingerprint: ForeseenFingerprint, key: string | undefined, found: boolean): Prospect {
  if (fingerprint.fullyTracked === false) return 'always'
  if (found) return 'cached'
  return key === undefined ? 'unknown' : 'new'
}

/** What is not fully tracked has no key of its own that could be known. */
function isWhole(fingerprint: ForeseenFingerprint): fingerprint is Fingerprint {
  if (fingerprint.fullyTracked === false) return false
  return Object.values(fingerprint.inputs).every((digest) => digest !== undefined)
}

function comparison(
  fingerprint: ForeseenFingerprint,
  card: ResultCard | undefined,
): Pick<StepForecast, 'earlier' | 'differences'> {
  if (!card) return {}
  const { step, made } = card
  return { earlier: { step, made }, differences: explainChange(card.fingerprint, fingerprint) }
}

/** By id; otherwise of the same kind for the same part: a new version of an image gives its steps new ids. */
export function earlierResult(step: Pick<Step, 'id' | 'kind'>, newestFirst: readonly ResultCard[]) {
  const part = (id: string) => id.split('/').at(-1)
  return (
    newestFirst.find((card) => card.step === step.id) ??
    newestFirst.find((card) => card.fingerprint.kind === step.kind && part(card.step) === part(step.id))
  )
}
