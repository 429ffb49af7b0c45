import { randomUUID } from 'node:crypto'
import { isKilnError, KilnError } from '@kiln/contract'
import type { KilnEvent } from '../events.ts'
import { contentKey, type Fingerprint, fingerprintOf } from '../plan/fingerprint.ts'
import type { Step, StepKind } from '../plan/step.ts'
import { stepOutput } from '../step-output.ts'
import type { RunOptions, StepReport } from './engine.ts'
import type { Draft, StoredResult } from './store.ts'

export interface StepOutcome {
  readonly result: StoredResult
  readonly reused: boolean
}

type Inputs = Readonly<Record<string, StoredResult>>

/** The result of a step from the store. Undefined where it is to be made. */
export async function useStep(
  step: Step,
  inputs: Inputs,
  options: RunOptions,
): Promise<StepOutcome | undefined> {
  const fingerprint = fingerprintFrom(step, inputs)
  if (options.rebuild || fingerprint.fullyTracked === false) return undefined
  const known = await options.store.use(contentKey(fingerprint))
  if (known === 'damaged') options.emit(damageNotice(step))
  if (known === 'damaged' || known === undefined) return undefined
  return reuse(step, known, options)
}

function reuse({ id, title }: Step, result: StoredResult, { emit }: RunOptions): StepOutcome {
  emit({ event: 'step-finished', step: id, title, outcome: 'reused', ms: 0 })
  return { result, reused: true }
}

export function damageNotice({ title }: Step): KilnEvent {
  const message = `E-CACHE-CORRUPT: the cached result of "${title}" is damaged and is made again`
  return { event: 'notice', level: 'warning', message }
}

function fingerprintFrom(step: Step, inputs: Inputs): Fingerprint {
  const digests = Object.entries(inputs).map(([name, { digest }]) => [name, digest])
  return fingerprintOf(step, Object.fromEntries(digests))
}

/** Makes a step, or takes over what another build makes of it at this moment. */
export async function makeStep(step: Step, inputs: Inputs, options: RunOptions): Promise<StepOutcome> {
  const { store, signal, emit, rebuild } = options
  const fingerprint = fingerprintFrom(step, inputs)
  const tracked = fingerprint.fullyTracked !== false
  // What is not fully tracked is never found again, so it needs a name that nothing else has.
  const key = tracked ? contentKey(fingerprint) : contentKey({ ...fingerprint, params: randomUUID() })
  const message = `"${step.title}" waits for another build that makes the same`
  const lock = await store.lock(key, {
    signal,
    onWait: () => emit({ event: 'notice', level: 'info', message }),
  })
  try {
    const known = rebuild || !tracked ? undefined : await store.use(key)
    if (known !== undefined && known !== 'damaged') return reuse(step, known, options)
    return await executeStep(step, { inputs, fingerprint, key }, options)
  } finally {
    await lock.release()
  }
}

interface Job {
  readonly inputs: Inputs
  readonly fingerprint: Fingerprint
  readonly key: string
}

async function executeStep(step: Step, job: Job, options: RunOptions): Promise<StepOutcome> {
  const { emit, store, rebuild, signal } = options
  const { key, fingerprint } = job
  const label = { step: step.id, title: step.title }
  const started = performance.now()
  const elapsed = () => Math.round(performance.now() - started)
  emit({ event: 'step-started', ...label })
  let draft: Draft | undefined
  try {
    draft = await store.begin(key, rebuild)
    const report = await execute(step, job.inputs, draft, options)
    const content = await draft.seal({ signal, known: report.fileDigests ?? {} })
    const digest = report.digest ?? (fingerprint.fullyTracked === false ? content : key)
    const made = new Date().toISOString()
    const card = { key, ...label, fingerprint, digest, content, facts: report.facts, made, ms: elapsed() }
    const result = await draft.publish(card)
    emit({ event: 'step-finished', ...label, outcome: 'built', ms: elapsed() })
    return { result, reused: false }
  } catch (error) {
    await draft?.discard()
    const translated = translate(error)
    const code = isKilnError(translated) ? translated.code : 'E-BUG'
    emit({ event: 'step-failed', ...label, code, ms: elapsed() })
    throw options.explain?.(translated, step.id) ?? translated
  }
}

function execute(
  step: Step,
  inputs: Inputs,
  draft: Draft,
  options: RunOptions,
): Promise<StepReport<StepKind>> {
  const { emit, signal } = options
  // The table gives the executor of the step's own kind; the compiler cannot follow that through the union.
  const executor = options.executors[step.kind] as (
    step: Step,
    context: object,
  ) => Promise<StepReport<StepKind>>
  return executor(step, {
    inputs,
    out: draft.files,
    scratch: draft.scratch,
    signal,
    line: (text: string) => emit(stepOutput(step.id, text)),
    progress: (done: number, total: number | undefined, unit: 'bytes' | 'items' | 'percent') =>
      emit({ event: 'step-progress', step: step.id, done, unit, ...(total === undefined ? {} : { total }) }),
  })
}

function translate(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (isKilnError(error)) return error
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new KilnError('E-DISK-FULL', 'no space is left', {
      cause: error,
      hint: 'free some space, or put the cache elsewhere with --cache DIR, and run the same command again',
    })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new KilnError('E-PERMISSION', (error as Error).message, { cause: error })
  }
  return error
}
