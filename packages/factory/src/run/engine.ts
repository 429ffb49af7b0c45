import { isKilnError, KilnError } from '@kiln/contract'
import type { Emit } from '../events.ts'
import { contentKey, fingerprintOf } from '../plan/fingerprint.ts'
import type { InputsOf, Plan, Step, StepKind, StepKinds, StepOf } from '../plan/step.ts'
import type { Draft, Store, StoredResult } from './store.ts'

/** What an executor is given: where its inputs lie, where its files go, and how to talk. */
export interface StepContext<K extends StepKind> {
  readonly inputs: { readonly [I in InputsOf<K>]: StoredResult<StepKinds[I]['facts']> }
  readonly out: string
  readonly scratch: string
  readonly signal: AbortSignal
  readonly line: (text: string) => void
  readonly progress: (done: number, total: number | undefined, unit: 'bytes' | 'items' | 'percent') => void
}

export interface StepReport<K extends StepKind> {
  readonly facts: StepKinds[K]['facts']
  /** Digest of what was made, where it is known; otherwise the content key stands for it. */
  readonly digest?: string
}

/** One executor for each kind: a kind without one does not compile. */
export type Executors = {
  readonly [K in StepKind]: (step: StepOf<K>, context: StepContext<K>) => Promise<StepReport<K>>
}

export interface RunOptions {
  readonly store: Store
  readonly executors: Executors
  readonly emit: Emit
  readonly signal: AbortSignal
  /** Make each step anew, whatever the store has. */
  readonly rebuild: boolean
  /** How many steps may run side by side. */
  readonly concurrency: number
  /** Says more of an error, where the caller knows more: the line of the definition that asked for it. */
  readonly explain?: (error: unknown, step: string) => unknown
}

export interface RunReport {
  readonly results: ReadonlyMap<string, StoredResult>
  readonly built: number
  readonly reused: number
}

/** Runs a plan: each step as soon as its inputs are there, from the store where it is known. The first failure stops all. */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunReport> {
  const failure = new AbortController()
  const signal = AbortSignal.any([options.signal, failure.signal])
  const slots = limiter(options.concurrency)
  const running = new Map<string, Promise<{ result: StoredResult; reused: boolean }>>()
  for (const step of plan.steps) {
    running.set(
      step.id,
      (async () => {
        const inputs = await inputsOf(step, running)
        return slots(async () => {
          signal.throwIfAborted()
          try {
            return await runStep(step, inputs, { ...options, signal })
          } catch (error) {
            failure.abort(error)
            throw error
          }
        })
      })(),
    )
  }
  const outcomes = await Promise.allSettled(running.values())
  options.signal.throwIfAborted()
  if (failure.signal.aborted) throw failure.signal.reason
  const done = outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
  const ids = [...running.keys()]
  return {
    results: new Map(done.map(({ result }, index) => [ids[index] ?? '', result])),
    built: done.filter(({ reused }) => !reused).length,
    reused: done.filter(({ reused }) => reused).length,
  }
}

async function inputsOf(
  step: Step,
  running: ReadonlyMap<string, Promise<{ result: StoredResult }>>,
): Promise<Record<string, StoredResult>> {
  const pairs = Object.entries<string>(step.inputs).map(async ([name, id]) => {
    const outcome = running.get(id)
    if (!outcome) throw new KilnError('E-BUG', `step ${step.id} needs ${id}, which does not come before it`)
    return [name, (await outcome).result] as const
  })
  return Object.fromEntries(await Promise.all(pairs))
}

async function runStep(
  step: Step,
  inputs: Record<string, StoredResult>,
  options: RunOptions,
): Promise<{ result: StoredResult; reused: boolean }> {
  const digests = Object.fromEntries(Object.entries(inputs).map(([name, result]) => [name, result.digest]))
  const fingerprint = fingerprintOf(step, digests)
  const key = contentKey(fingerprint)
  const known = options.rebuild ? undefined : await options.store.find(key)
  const { emit } = options
  const label = { step: step.id, title: step.title }
  if (known) {
    emit({ event: 'step-finished', ...label, outcome: 'reused', ms: 0 })
    return { result: known, reused: true }
  }
  const started = performance.now()
  const elapsed = () => Math.round(performance.now() - started)
  emit({ event: 'step-started', ...label })
  const draft = await options.store.begin(key, options.rebuild)
  try {
    const report = await execute(step, inputs, draft, options)
    const card = { key, fingerprint, digest: report.digest ?? key, facts: report.facts, ms: elapsed() }
    const result = await draft.publish(card)
    emit({ event: 'step-finished', ...label, outcome: 'built', ms: elapsed() })
    return { result, reused: false }
  } catch (error) {
    await draft.discard()
    const translated = translate(error)
    const code = isKilnError(translated) ? translated.code : 'E-BUG'
    emit({ event: 'step-failed', ...label, code, ms: elapsed() })
    throw options.explain?.(translated, step.id) ?? translated
  }
}

function execute(
  step: Step,
  inputs: Record<string, StoredResult>,
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
    line: (text: string) => emit({ event: 'step-output', step: step.id, line: text }),
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

function limiter(size: number): <T>(task: () => Promise<T>) => Promise<T> {
  let free = size
  const waiting: (() => void)[] = []
  return async (task) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve))
    else free--
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
