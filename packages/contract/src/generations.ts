import type { Generation, GenerationFailure, NodeRecord, Operation, RecoverySystem } from './node-record.ts'

/** Pure changes of the record. None touches `sequence`: that is the writer's. */

/** What a new generation is made of. */
export type NewGeneration = Pick<Generation, 'slot' | 'image' | 'source' | 'made' | 'rolledBackTo'>

export function findGeneration(record: NodeRecord, number: number): Generation | undefined {
  return record.generations.find((generation) => generation.number === number)
}

export function newestGeneration(record: NodeRecord): Generation | undefined {
  return record.generations.at(-1)
}

/** The newest healthy one: what a fallback ends on. */
export function lastGood(record: NodeRecord): Generation | undefined {
  return record.generations.findLast(({ status }) => status === 'good')
}

/** The number that the next generation gets. Numbers are never given twice, so the highest one stays in the record. */
export function nextNumber(record: NodeRecord): number {
  return (newestGeneration(record)?.number ?? 0) + 1
}

/** Adds a generation that the next boot shall try. */
export function arm(record: NodeRecord, generation: NewGeneration): NodeRecord {
  const armed: Generation = { ...generation, number: nextNumber(record), status: 'armed' }
  return { ...record, generations: [...record.generations, armed] }
}

/** An armed one runs for the first time. */
export function startTrial(record: NodeRecord, number: number): NodeRecord {
  return change(record, number, (generation) =>
    generation.status === 'armed' ? { ...generation, status: 'trial' } : generation,
  )
}

/** It came up healthy. */
export function bless(record: NodeRecord, number: number): NodeRecord {
  return change(record, number, ({ failure: _failure, ...generation }) => ({ ...generation, status: 'good' }))
}

/** It is given up. The reason stays with it, and as the node's last failure. */
export function fail(record: NodeRecord, number: number, failure: GenerationFailure): NodeRecord {
  const changed = change(record, number, (generation) => ({ ...generation, status: 'bad', failure }))
  return { ...changed, lastFailure: { ...failure, generation: number } }
}

/** Keeps the reason of a failed try; the generation stays on trial while it has tries left. */
export function noteFailure(record: NodeRecord, number: number, failure: GenerationFailure): NodeRecord {
  const changed = change(record, number, (generation) => ({ ...generation, failure }))
  return { ...changed, lastFailure: { ...failure, generation: number } }
}

/** Takes back a generation that was never armed in the boot loader. */
export function withdrawGeneration(record: NodeRecord, number: number): NodeRecord {
  return { ...record, generations: record.generations.filter((generation) => generation.number !== number) }
}

export function setRecovery(record: NodeRecord, recovery: RecoverySystem): NodeRecord {
  return { ...record, recovery }
}

export function beginOperation(record: NodeRecord, operation: Operation): NodeRecord {
  return { ...record, operation }
}

/** The running operation gets on. Without one, nothing changes. */
export function advanceOperation(
  record: NodeRecord,
  phase: string,
  changes: Partial<Pick<Operation, 'slot' | 'source' | 'detail'>> = {},
): NodeRecord {
  return record.operation ? { ...record, operation: { ...record.operation, ...changes, phase } } : record
}

export function finishOperation(record: NodeRecord): NodeRecord {
  const { operation: _operation, ...rest } = record
  return rest
}

/** What runs. `generation` is unknown in recovery and on a live medium. */
export interface Running {
  readonly slot?: string | undefined
  readonly generation?: number | undefined
}

/**
 * Generations that keep their boot entry and slot: the running one, those not decided yet, and the newest `keep` good ones.
 */
export function keptGenerations(record: NodeRecord, running: Running): Generation[] {
  const good = record.generations.filter(({ status }) => status === 'good').slice(-Math.max(2, record.keep))
  return record.generations.filter(
    (generation) =>
      generation.number === running.generation ||
      generation.status === 'armed' ||
      generation.status === 'trial' ||
      good.includes(generation),
  )
}

/**
 * Slots that must stay: of kept generations, the running one, recovery's, and the one an operation writes. All others may
 * go.
 */
export function keepable(record: NodeRecord, running: Running): string[] {
  const slots = [
    ...keptGenerations(record, running).map(({ slot }) => slot),
    running.slot,
    record.recovery?.slot,
    record.operation?.slot,
  ]
  return [...new Set(slots.filter((slot) => slot !== undefined))]
}

/** Drops generations that keep nothing. The highest number stays, so that it is not given again. */
export function forgetOthers(record: NodeRecord, running: Running): NodeRecord {
  const kept = keptGenerations(record, running)
  const newest = newestGeneration(record)
  return {
    ...record,
    generations: record.generations.filter(
      (generation) => generation === newest || kept.includes(generation),
    ),
  }
}

function change(
  record: NodeRecord,
  number: number,
  changed: (generation: Generation) => Generation,
): NodeRecord {
  return {
    ...record,
    generations: record.generations.map((generation) =>
      generation.number === number ? changed(generation) : generation,
    ),
  }
}
