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
  /** Only cuts at or after this index. */
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
function drawCuts(epochs: readonly Epoch[], { points, seed, sectorBytes }: CutOptions): Cut[] {
  const random = new Random(seed)
  const open = epochs
    .map((epoch) => ({ epoch, order: random.fraction(), weight: Math.sqrt(epoch.writes.length), misses: 0 }))
    .toSorted((a, b) => a.order - b.order)
  const cuts = new Map<string, Cut>()
  const attempt = (place: (typeof open)[number]) => {
    const cut = drawCut(place.epoch, random, sectorBytes)
    const key = cut && JSON.stringify([cut.durable, cut.kept])
    if (cut && key && !cuts.has(key)) {
      cuts.set(key, cut)
      place.misses = 0
    } else if (++place.misses >= patience) open.splice(open.indexOf(place), 1)
  }
  for (const place of [...open]) if (cuts.size < points) attempt(place)
  while (cuts.size < points && open.length > 0) attempt(weighted(open, random))
  return [...cuts.values()]
}

/** So often in a row, nothing new was found in an epoch: it has no more to offer. */
const patience = 24

function weighted<T extends { readonly weight: number }>(choices: readonly T[], random: Random): T {
  let rest = random.fraction() * choices.reduce((sum, { weight }) => sum + weight, 0)
  const found = choices.find(({ weight }) => {
    rest -= weight
    return rest < 0
  })
  return found ?? (choices.at(-1) as T)
}

/** @returns undefined where it would be the same as a cut at a flush */
function drawCut({ start, writes }: Epoch, random: Random, sectorBytes: number): Cut | undefined {
  const kind = random.pick<Variant>(['prefix', 'subset', 'subset', 'late', 'torn', 'torn'])
  const issued = writes.slice(0, random.between(1, writes.length))
  const kept = drawKept(kind, issued, random, sectorBytes)
  const whole = kept.filter(({ sectors }) => sectors === undefined).length
  const isAtFlush = kept.length === 0 || whole === writes.length
  const until = (issued.at(-1)?.index ?? start) + 1
  return isAtFlush ? undefined : { kind, durable: start, until, kept }
}

function drawKept(
  kind: Variant,
  issued: readonly LogEntry[],
  random: Random,
  sectorBytes: number,
): KeptWrite[] {
  const chance = 0.1 + 0.8 * random.fraction()
  const lateFrom = issued.length - random.between(1, Math.min(3, issued.length))
  const isSubset = kind === 'subset' || (kind === 'torn' && random.fraction() < 0.5)
  const chosen = issued.filter(({ durable }, index) => {
    if (durable) return true
    if (kind === 'late') return index >= lateFrom
    return !isSubset || random.fraction() < chance
  })
  const tearable = chosen.filter(({ bytes, durable }) => bytes > sectorBytes && !durable)
  const torn = kind === 'torn' ? tearable[random.between(0, tearable.length - 1)] : undefined
  return chosen.map((entry) =>
    entry === torn
      ? { entry: entry.index, sectors: drawSectors(entry.bytes / sectorBytes, random) }
      : { entry: entry.index },
  )
}

/** Up to a place, from a place on, or anything; never all and never none. */
function drawSectors(count: number, random: Random): [number, number][] {
  const at = random.between(1, count - 1)
  switch (random.pick<'head' | 'tail' | 'scattered'>(['head', 'head', 'tail', 'scattered'])) {
    case 'head':
      return [[0, at]]
    case 'tail':
      return [[at, count]]
    case 'scattered': {
      // Of long writes, runs of sectors: a disk does not mix single ones.
      const run = Math.max(1, Math.ceil(count / 16))
      const starts = Array.from({ length: Math.ceil(count / run) }, (_, index) => index * run)
      const ranges = starts
        .filter(() => random.fraction() < 0.5)
        .map((from): [number, number] => [from, Math.min(count, from + run)])
      return ranges.length === 0 || ranges.length === starts.length ? [[0, at]] : ranges
    }
  }
}
