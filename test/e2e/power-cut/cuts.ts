import { Random } from './random.ts'
import type { LogEntry } from './write-log.ts'

/**
 * What a disk may hold after a power cut. All writes before the last finished flush are there, and those that force unit access;
 * any of the others may be missing. A disk writes whole sectors, so of a longer write any sectors may be there.
 *
 * The log has writes in the order of their ends. A flush that began before the end of a write and ended after it stands behind
 * it, as if it had covered it: what relies on such a flush is not found out.
 */
export interface Cut {
  /** `flush`: exactly what a flush has left. Otherwise some of the writes since then, too. */
  readonly kind: 'flush' | Variant
  /** Entries before this index are on the disk. */
  readonly durable: number
  /** Entries before this index were asked for. */
  readonly until: number
  /** What of the others is there, in their order. */
  readonly kept: readonly KeptWrite[]
}

/**
 * `prefix`: all up to one of them. `subset`: any. `late`: only the last ones. `torn`: prefix or subset, and one of the writes has
 * only some of its sectors.
 */
export type Variant = 'prefix' | 'subset' | 'late' | 'torn'

export interface KeptWrite {
  readonly entry: number
  /** Ranges of its sectors, ends not included; default: all. */
  readonly sectors?: readonly (readonly [from: number, to: number])[]
}

/** Writes between two flushes. */
interface Epoch {
  /** Index of the first entry behind the flush. */
  readonly start: number
  /** Index of the flush that ends it, or behind the last entry. */
  readonly end: number
  readonly writes: readonly LogEntry[]
}

export interface CutOptions {
  /** How many cuts between flushes; fewer where there are not so many. Those at flushes come on top. */
  readonly points: number
  readonly seed: number
  readonly sectorBytes: number
  /**
   * What the disk writes as a whole, at multiples of it; default: a sector. With less than 4096, ext4 loses its superblock where
   * its halves are from different times: it has a checksum, and is not written by way of the journal.
   */
  readonly tearBytes?: number | undefined
  /** Only cuts at or after this entry of the log: where what is looked at begins. */
  readonly from?: number | undefined
}

/** Chooses cuts: one at each flush and at both ends of the log, and so many between. In the order of the log. */
export function planCuts(entries: readonly LogEntry[], options: CutOptions): Cut[] {
  const epochs = epochsOf(entries).filter(({ end }) => end >= (options.from ?? 0))
  const last = entries.length
  const atFlushes = [...epochs.map(({ start }) => start), last]
    .filter((start) => start >= (options.from ?? 0))
    .map((start): Cut => ({ kind: 'flush', durable: start, until: start, kept: [] }))
  const between = drawCuts(epochs, options).filter(({ until }) => until >= (options.from ?? 0))
  return [...atFlushes, ...between].toSorted((a, b) => a.durable - b.durable || a.until - b.until)
}

/** Stretches with writes in them. */
export function epochsOf(entries: readonly LogEntry[]): Epoch[] {
  const epochs: Epoch[] = []
  let start = 0
  let writes: LogEntry[] = []
  const close = (end: number) => {
    if (writes.length > 0) epochs.push({ start, end, writes })
    writes = []
    start = end
  }
  for (const entry of entries) {
    if (entry.flushes) close(entry.index)
    if (entry.kind === 'write' || entry.kind === 'discard') writes.push(entry)
  }
  close(entries.length)
  return epochs
}

/** Each epoch gets one, as far as they suffice; long ones get more, but not in proportion: most of them is bulk. */
function drawCuts(epochs: readonly Epoch[], options: CutOptions): Cut[] {
  const { points, seed } = options
  const random = new Random(seed)
  const cuts = new Map<string, Cut>()
  let open = random.shuffle(epochs.map((epoch) => new Place(epoch, random, options)))
  const take = (place: Place) => {
    for (let tries = 0; tries < patience; tries++) {
      const cut = place.draw()
      const key = cut && JSON.stringify([cut.durable, cut.kept])
      if (!cut || !key || cuts.has(key)) continue
      cuts.set(key, cut)
      return
    }
    open = open.filter((other) => other !== place)
  }
  for (const place of open) if (cuts.size < points) take(place)
  while (cuts.size < points && open.length > 0) take(weighted(open, random))
  return [...cuts.values()]
}

/** So often in a row, nothing new was found in an epoch: it has no more to offer. */
const patience = 24

/** Of so few writes, every subset is taken. */
const fewWrites = 4

/** An epoch, and what of it was not drawn yet. */
class Place {
  readonly weight: number
  readonly #epoch: Epoch
  readonly #random: Random
  readonly #units: Units
  readonly #subsets: Cut[]

  constructor(epoch: Epoch, random: Random, units: Units) {
    this.weight = Math.sqrt(epoch.writes.length)
    this.#epoch = epoch
    this.#random = random
    this.#units = units
    this.#subsets = random.shuffle(epoch.writes.length <= fewWrites ? allSubsets(epoch) : [])
  }

  /** @returns undefined where it was a cut at a flush that was drawn */
  draw(): Cut | undefined {
    return this.#subsets.pop() ?? drawCut(this.#epoch, this.#random, this.#units)
  }
}

function allSubsets({ start, end, writes }: Epoch): Cut[] {
  const masks = Array.from({ length: 2 ** writes.length - 2 }, (_, index) => index + 1)
  return masks
    .map((mask) => writes.filter((_, place) => (mask >> place) & 1))
    .filter((kept) => writes.every((write) => !write.durable || kept.includes(write)))
    .map((kept) => ({
      kind: 'subset',
      durable: start,
      until: end,
      kept: kept.map(({ index }) => ({ entry: index })),
    }))
}

function weighted<T extends { readonly weight: number }>(choices: readonly T[], random: Random): T {
  let rest = random.fraction() * choices.reduce((sum, { weight }) => sum + weight, 0)
  const found = choices.find(({ weight }) => {
    rest -= weight
    return rest < 0
  })
  return found ?? (choices.at(-1) as T)
}

/** @returns undefined where it would be the same as a cut at a flush */
function drawCut({ start, writes }: Epoch, random: Random, units: Units): Cut | undefined {
  const wanted = random.pick<Variant>(['prefix', 'subset', 'subset', 'late', 'torn', 'torn'])
  const issued = writes.slice(0, random.between(1, writes.length))
  const base = wanted === 'torn' ? random.pick<Untorn>(['prefix', 'subset']) : wanted
  const chosen = drawWrites(base, issued, random)
  const tearable = chosen.filter((entry) => !entry.durable && unitsOf(entry, units).length > 1)
  const torn = wanted === 'torn' ? tearable[random.between(0, tearable.length - 1)] : undefined
  if (chosen.length === 0 || (chosen.length === writes.length && !torn)) return undefined
  return {
    kind: torn ? 'torn' : base,
    durable: start,
    until: (issued.at(-1)?.index ?? start) + 1,
    kept: chosen.map((entry) => ({
      entry: entry.index,
      ...(entry === torn ? { sectors: drawSectors(unitsOf(entry, units), random) } : {}),
    })),
  }
}

type Untorn = Exclude<Variant, 'torn'>

function drawWrites(kind: Untorn, issued: readonly LogEntry[], random: Random): LogEntry[] {
  const chance = 0.1 + 0.8 * random.fraction()
  const lateFrom = issued.length - random.between(1, Math.min(3, issued.length))
  return issued.filter(({ durable }, index) => {
    if (durable || kind === 'prefix') return true
    return kind === 'late' ? index >= lateFrom : random.fraction() < chance
  })
}

type Units = Pick<CutOptions, 'sectorBytes' | 'tearBytes'>
type SectorRange = readonly [from: number, to: number]

/** The parts of a write that arrive as a whole or not at all, in its sectors. */
function unitsOf(
  { offset, bytes }: LogEntry,
  { sectorBytes, tearBytes = sectorBytes }: Units,
): SectorRange[] {
  const ranges: SectorRange[] = []
  for (let at = offset; at < offset + bytes; ) {
    const end = Math.min((Math.floor(at / tearBytes) + 1) * tearBytes, offset + bytes)
    ranges.push([(at - offset) / sectorBytes, (end - offset) / sectorBytes])
    at = end
  }
  return ranges
}

/** Up to a place, from a place on, or anything; never all and never none. */
function drawSectors(units: readonly SectorRange[], random: Random): SectorRange[] {
  const at = random.between(1, units.length - 1)
  const place = units[at]?.[0] ?? 0
  const end = units.at(-1)?.[1] ?? 0
  switch (random.pick<'head' | 'tail' | 'scattered'>(['head', 'head', 'tail', 'scattered'])) {
    case 'head':
      return [[0, place]]
    case 'tail':
      return [[place, end]]
    case 'scattered': {
      // Of long writes, runs of units: a disk does not mix single ones.
      const run = Math.ceil(units.length / 16)
      const flips = units.map(() => random.fraction() < 0.5)
      const kept = units.filter((_, index) => flips[Math.floor(index / run)])
      return kept.length === 0 || kept.length === units.length ? [[0, place]] : kept
    }
  }
}
