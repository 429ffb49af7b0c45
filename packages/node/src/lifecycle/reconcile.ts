import {
  fail,
  type Generation,
  type GenerationFailure,
  lastGood,
  type NodeRecord,
  noteFailure,
  startTrial,
  withdrawGeneration,
} from '@kiln/contract'
import { finishOperationOf } from './arm.ts'
import type { LoaderEntry } from './boot-loader.ts'
import type { FailureNotes } from './failure-notes.ts'
import type { RunningSystem } from './node.ts'

/** All that is known early in user space. */
export interface Observation {
  readonly record: NodeRecord
  readonly running: RunningSystem
  readonly entries: readonly LoaderEntry[]
  readonly notes: FailureNotes
  /** RFC 3339. */
  readonly now: string
}

export interface Reconciled {
  readonly record: NodeRecord
  /** From now on the loader takes this one: the newer one that it would take was good once and does not start any more. */
  readonly bless: number | undefined
  /** Entries that the loader must not take any more. */
  readonly remove: readonly number[]
  /** Notes that are in the record now. */
  readonly consumed: readonly number[]
  /** For the journal and the console. */
  readonly messages: readonly string[]
}

/**
 * Brings the record to what really happened: which generation came up, which one did not and why. Pure. Whatever was broken
 * off before is not completed here, only understood.
 */
export function reconcile(observation: Observation): Reconciled {
  const { running, entries, notes } = observation
  let { record } = observation
  const messages: string[] = []
  const remove: number[] = []

  if (running.generation !== undefined) {
    record = startTrial(record, running.generation)
    const note = notes.get(running.generation)
    // An earlier try of this one failed; for people to know, not to decide anything.
    if (note) record = noteFailure(record, running.generation, note)
  }
  for (const generation of record.generations) {
    if (generation.number === running.generation) continue
    const entry = entries.find((each) => each.generation === generation.number)
    const verdict = judge(generation, entry, observation)
    record = applied(record, generation.number, verdict)
    messages.push(...verdictText(generation.number, verdict))
    if (verdict.kind === 'bad' && verdict.removeEntry) remove.push(generation.number)
  }
  return {
    record,
    bless: remove.length > 0 ? lastGood(record)?.number : undefined,
    remove,
    consumed: [...notes.keys()],
    messages,
  }
}

type Verdict =
  | { readonly kind: 'keep' | 'withdraw' }
  | { readonly kind: 'note'; readonly failure: GenerationFailure }
  | { readonly kind: 'bad'; readonly failure: GenerationFailure; readonly removeEntry: boolean }

function applied(record: NodeRecord, number: number, verdict: Verdict): NodeRecord {
  switch (verdict.kind) {
    case 'keep':
      return record
    case 'withdraw':
      return finishOperationOf(withdrawGeneration(record, number), number)
    case 'note':
      return noteFailure(record, number, verdict.failure)
    case 'bad':
      return finishOperationOf(fail(record, number, verdict.failure), number)
  }
}

function verdictText(number: number, verdict: Verdict): string[] {
  if (verdict.kind === 'withdraw') return [`generation ${number} was never armed`]
  if (verdict.kind === 'bad') return [`generation ${number} is given up: ${failureText(verdict.failure)}`]
  return []
}

/** What became of a generation that does not run. */
function judge(
  generation: Generation,
  entry: LoaderEntry | undefined,
  { record, running, notes, now }: Observation,
): Verdict {
  const { number, status } = generation
  const note = notes.get(number)
  if (status === 'bad') return { kind: 'keep' }
  if (status === 'good') {
    // The initramfs asked for another start only when this one failed before; an old note of a trial is not meant.
    if (note === undefined || !isFallback(record, running, number)) return { kind: 'keep' }
    const hasOther = record.generations.some((each) => each.status === 'good' && each.number !== number)
    return hasOther ? { kind: 'bad', failure: note, removeEntry: true } : { kind: 'note', failure: note }
  }
  if (!entry) {
    if (status === 'armed') return { kind: 'withdraw' }
    return { kind: 'bad', failure: { reason: 'entry-lost', at: now }, removeEntry: false }
  }
  if (entry.triesLeft === 0) {
    const failure = note ?? generation.failure ?? neverCameUp(entry, now)
    return { kind: 'bad', failure, removeEntry: false }
  }
  return note ? { kind: 'note', failure: note } : { kind: 'keep' }
}

/** An older generation or recovery runs, though this one is what the loader takes by itself. */
function isFallback(record: NodeRecord, running: RunningSystem, number: number): boolean {
  if (lastGood(record)?.number !== number) return false
  return running.mode === 'recovery' || (running.generation !== undefined && running.generation < number)
}

function neverCameUp({ triesDone = 0 }: LoaderEntry, now: string): GenerationFailure {
  const tries = triesDone === 1 ? 'try' : 'tries'
  const detail = `did not come up in ${triesDone} ${tries}, and wrote down no reason: its kernel stopped, or it hung`
  return { reason: 'did-not-come-up', at: now, detail }
}

export function failureText({ reason, detail }: GenerationFailure): string {
  return detail === undefined ? reason : `${reason}: ${detail}`
}
