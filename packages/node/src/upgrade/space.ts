import { type Generation, keptGenerations, lastGood, type NodeRecord, type Running } from '@kiln/contract'

/** What a slot takes, in bytes. */
export interface SlotBytes {
  /** On COS_STATE. */
  readonly state: number
  /** Its boot files on the EFI partition; 0 where they are not there. */
  readonly efi: number
}

export interface SpaceFacts {
  readonly record: NodeRecord
  readonly running: Running
  /** The slot that is to come. */
  readonly slot: string
  /** All slots that are there, whole or not, by their names. */
  readonly slots: ReadonlyMap<string, SlotBytes>
  /** What the new slot still needs. */
  readonly needed: SlotBytes
  /** What is free now. */
  readonly available: SlotBytes
}

export interface SpacePlan {
  /** Generations that are let go first, because the new one would not fit beside them. */
  readonly release: readonly number[]
  /** Free once those and all that is no use are gone. */
  readonly available: SlotBytes
  readonly fits: boolean
}

/**
 * Finds out what has to go so that a new slot fits: first what nobody needs, then what was armed and never tried, then good
 * generations from the oldest on. Never the one that runs, the last good one, or recovery.
 */
export function planSpace(facts: SpaceFacts): SpacePlan {
  const candidates = expendable(facts)
  const release: number[] = []
  for (;;) {
    const available = availableWithout(facts, release)
    const fits = available.state >= facts.needed.state && available.efi >= facts.needed.efi
    const next = candidates.shift()
    if (fits || next === undefined) return { release, available, fits }
    release.push(next.number)
  }
}

/** Generations that may go, the least needed first. */
function expendable({ record, running }: SpaceFacts): Generation[] {
  const good = lastGood(record)
  const others = keptGenerations(record, running).filter(
    (generation) => generation.number !== running.generation && generation !== good,
  )
  const untried = others.filter(({ status }) => status === 'armed' || status === 'trial')
  return [...untried, ...others.filter((generation) => !untried.includes(generation))]
}

function availableWithout(
  { record, running, slot, slots, available }: SpaceFacts,
  released: readonly number[],
): SlotBytes {
  const needed = new Set([
    ...keptGenerations(record, running)
      .filter(({ number }) => !released.includes(number))
      .map((generation) => generation.slot),
    running.slot,
    record.recovery?.slot,
    slot,
  ])
  const going = [...slots].filter(([name]) => !needed.has(name)).map(([, bytes]) => bytes)
  return {
    state: going.reduce((sum, { state }) => sum + state, available.state),
    efi: going.reduce((sum, { efi }) => sum + efi, available.efi),
  }
}
