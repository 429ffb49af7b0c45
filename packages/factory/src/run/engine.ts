import { KilnError } from '@kiln/contract'
import type { Emit } from '../events.ts'
import {
  checkKinds,
  type InputFacts,
  type InputsOf,
  type OptionalInputOf,
  type Plan,
  type Step,
  type StepKind,
  type StepKinds,
  type StepOf,
} from '../plan/step.ts'
import { limiter } from './limiter.ts'
import { damageNotice, makeStep, type StepOutcome, useStep } from './make-step.ts'
import type { Store, StoredResult } from './store.ts'

/** What an executor is given: where its inputs lie, where its files go, and how to talk. */
export interface StepContext<K extends StepKind> {
  readonly inputs: { readonly [I in InputsOf<K>]: StoredResult<InputFacts<I>> } & {
    readonly [I in OptionalInputOf<K>]?: StoredResult
  }
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
  /** sha256 of large files that the executor has read anyway: name → 64 hex digits. */
  readonly fileDigests?: Readonly<Record<string, string>>
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
  /** How many steps may run side by side, checks aside: those take turns beside them. */
  readonly concurrency: number
  /** Steps whose results leave the store. They are checked, and made again where they were damaged. */
  readonly deliver?: readonly string[]
  /** Says more of an error, where the caller knows more: the line of the definition that asked for it. */
  readonly explain?: (error: unknown, step: string) => unknown
}

export interface RunReport {
  readonly results: ReadonlyMap<string, StoredResult>
  /** Ids of the steps that were made in this run. */
  readonly made: ReadonlySet<string>
  readonly built: number
  readonly reused: number
}

/**
 * A step of a run. Its outcome changes at most once: where a result that was to be reused turns out to be damaged, and is
 * made again.
 */
interface Node {
  readonly step: Step
  outcome: Promise<StepOutcome>
  /** Set once somebody wants to read the files. */
  checked?: Promise<StepOutcome>
}

type Nodes = ReadonlyMap<string, Node>

/** Runs a plan: each step as soon as its inputs are there, from the store where it is known. The first failure stops all. */
export async function runPlan(plan: Plan, options: RunOptions): Promise<RunReport> {
  const failure = new AbortController()
  const signal = AbortSignal.any([options.signal, failure.signal])
  const [makers, checks] = [limiter(options.concurrency), limiter(1)]
  const nodes = new Map<string, Node>()
  for (const step of plan.steps) {
    // Checks have one thread between them: one that waits for it must not keep what others wait for from being made.
    const slots = checkKinds.has(step.kind) ? checks : makers
    const outcome = inputsOf(step, nodes).then((inputs) =>
      slots(async () => {
        signal.throwIfAborted()
        try {
          return await settle(step, inputs, nodes, { ...options, signal })
        } catch (error) {
          failure.abort(error)
          throw error
        }
      }),
    )
    nodes.set(step.id, { step, outcome })
  }
  const outcomes = () => Promise.allSettled([...nodes.values()].map(({ outcome }) => outcome))
  await outcomes()
  if (!signal.aborted) {
    const delivered = (options.deliver ?? []).map((id) => intactOutcome(nodeOf(id, nodes), nodes, options))
    await Promise.all(delivered)
  }
  options.signal.throwIfAborted()
  if (failure.signal.aborted) throw failure.signal.reason
  const done = (await outcomes()).map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
  const ids = [...nodes.keys()]
  return {
    results: new Map(done.map(({ result }, index) => [ids[index] ?? '', result])),
    made: new Set(ids.filter((_, index) => done[index]?.reused === false)),
    built: done.filter(({ reused }) => !reused).length,
    reused: done.filter(({ reused }) => reused).length,
  }
}

function nodeOf(id: string, nodes: Nodes): Node {
  const node = nodes.get(id)
  if (!node) throw new KilnError('E-BUG', `the plan has no step ${id}`)
  return node
}

type Inputs = Readonly<Record<string, StoredResult>>

async function inputsOf(step: Step, nodes: Nodes): Promise<Inputs> {
  const pairs = Object.entries<string>(step.inputs).map(async ([name, id]) => {
    const node = nodes.get(id)
    if (!node) throw new KilnError('E-BUG', `step ${step.id} needs ${id}, which does not come before it`)
    return [name, (await node.outcome).result] as const
  })
  return Object.fromEntries(await Promise.all(pairs))
}

/** Reuses the result of a step, or makes it from inputs that were looked at. */
async function settle(step: Step, inputs: Inputs, nodes: Nodes, options: RunOptions): Promise<StepOutcome> {
  const known = await useStep(step, inputs, options)
  if (known) return known
  const checked = await intactInputs(step, nodes, options)
  // An input that had to be made again may have come out different, and with it the key.
  const changed = Object.entries(checked).some(([name, { digest }]) => digest !== inputs[name]?.digest)
  return (changed ? await useStep(step, checked, options) : undefined) ?? makeStep(step, checked, options)
}

async function intactInputs(step: Step, nodes: Nodes, options: RunOptions): Promise<Inputs> {
  const pairs = Object.entries<string>(step.inputs).map(async ([name, id]) => {
    const { result } = await intactOutcome(nodeOf(id, nodes), nodes, options)
    return [name, result] as const
  })
  return Object.fromEntries(await Promise.all(pairs))
}

/** The outcome of a step whose files are about to be read; what this run made itself needs no look. */
function intactOutcome(node: Node, nodes: Nodes, options: RunOptions): Promise<StepOutcome> {
  node.checked ??= (async () => {
    const { step } = node
    const outcome = await node.outcome
    if (!outcome.reused || (await options.store.intact(outcome.result))) return outcome
    options.emit(damageNotice(step))
    const again = intactInputs(step, nodes, options).then((inputs) => makeStep(step, inputs, options))
    node.outcome = again
    return again
  })()
  return node.checked
}
