import type { Cut } from './cuts.ts'
import { Random } from './random.ts'
import type { BootVerdict } from './verdict.ts'
import type { WriteLog } from './write-log.ts'

/**
 * `between`: a system of before or after starts, but not everything else is as before or as after. `resumes`: a system starts and
 * goes on with the reset. `vacant`: the firmware finds nothing to start, on a disk that was empty before.
 */
export type Outcome = 'old' | 'between' | 'new' | 'recovery' | 'resumes' | 'vacant' | 'bricked'

export interface CheckedCut {
  readonly cut: Cut
  readonly phase: string
  readonly verdict: BootVerdict
  readonly outcome: Outcome
  /** The same text means the same disk. */
  readonly disk: string
}

export interface PhaseRow extends Readonly<Record<Outcome, number>> {
  readonly phase: string
  readonly points: number
  /** Points whose disk starts, but has damage. */
  readonly damaged: number
  /** Points at which the first choice was not whole, and the machine went on to another by itself. */
  readonly fellBack: number
}

export interface Report {
  /** Gives the same cuts again. */
  readonly seed: number
  readonly writes: number
  readonly bytes: number
  readonly flushes: number
  readonly points: { readonly atFlushes: number; readonly between: number; readonly distinct: number }
  /** In the order in which they began. */
  readonly phases: readonly PhaseRow[]
  readonly before: BootVerdict
  readonly after: BootVerdict
  readonly cuts: readonly CheckedCut[]
  /** Bricked or damaged. */
  readonly failures: readonly CheckedCut[]
  /** What some of the disks need mended before anything is written to them. */
  readonly hazards: readonly string[]
}

export interface ReportInput extends Pick<Report, 'seed' | 'before' | 'after' | 'cuts'> {
  readonly log: Pick<WriteLog, 'entries'>
}

export function makeReport({ seed, log, before, after, cuts }: ReportInput): Report {
  const writes = log.entries.filter(({ kind }) => kind === 'write')
  const atFlushes = cuts.filter(({ cut }) => cut.kind === 'flush').length
  const phases = [...new Set(cuts.map(({ phase }) => phase))]
  return {
    seed,
    writes: writes.length,
    bytes: writes.reduce((sum, { bytes }) => sum + bytes, 0),
    flushes: log.entries.filter(({ flushes }) => flushes).length,
    points: {
      atFlushes,
      between: cuts.length - atFlushes,
      distinct: new Set(cuts.map(({ disk }) => disk)).size,
    },
    phases: phases.map((phase) =>
      rowOf(
        phase,
        cuts.filter((cut) => cut.phase === phase),
      ),
    ),
    before,
    after,
    cuts,
    failures: cuts.filter((cut) => cut.outcome === 'bricked' || isDamaged(cut)),
    hazards: [...new Set(cuts.flatMap(({ verdict }) => verdict.hazards))],
  }
}

function isDamaged({ verdict, outcome }: CheckedCut): boolean {
  return outcome !== 'bricked' && outcome !== 'vacant' && verdict.problems.length > 0
}

function rowOf(phase: string, cuts: readonly CheckedCut[]): PhaseRow {
  const count = (wanted: Outcome) => cuts.filter(({ outcome }) => outcome === wanted).length
  return {
    phase,
    points: cuts.length,
    old: count('old'),
    between: count('between'),
    new: count('new'),
    recovery: count('recovery'),
    resumes: count('resumes'),
    vacant: count('vacant'),
    bricked: count('bricked'),
    damaged: cuts.filter(isDamaged).length,
    fellBack: cuts.filter(({ verdict }) => verdict.boots && verdict.attempts.length > 0).length,
  }
}

const columns = {
  points: 'points',
  old: 'old',
  between: 'between',
  new: 'new',
  recovery: 'recovery',
  resumes: 'resumes',
  vacant: 'not installed',
  fellBack: 'fell back',
  damaged: 'damaged',
  bricked: 'bricked',
} as const satisfies Partial<Record<keyof PhaseRow, string>>

const always = new Set<keyof typeof columns>(['points', 'old', 'new', 'bricked'])

/** A table for the documentation: a row for each phase, and their sum. What never happened has no column, but for a few. */
export function markdownTable({ phases }: Pick<Report, 'phases'>): string {
  const sum = (column: keyof typeof columns) => phases.reduce((total, row) => total + row[column], 0)
  const names = (Object.keys(columns) as (keyof typeof columns)[]).filter(
    (name) => always.has(name) || sum(name) > 0,
  )
  const rows = [
    ['Power fails during', ...names.map((name) => columns[name])],
    ['---', ...names.map(() => '---:')],
    ...phases.map((row) => [row.phase, ...names.map((column) => String(row[column]))]),
    ['**all**', ...names.map((column) => `**${sum(column)}**`)],
  ]
  return `${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`
}

/** A failure for people: what is wrong, and the cut as {@link writeCut} takes it. */
export function describeFailure({ cut, phase, verdict, outcome }: CheckedCut): string {
  const why = [verdict.reason, ...verdict.problems].filter((each) => each !== undefined)
  const tried = verdict.attempts.map(({ id, reason }) => `  tried ${id}: ${reason}`)
  const { kind, durable, until, kept } = cut
  const place = `${kind} cut, ${phase}, entry ${until}: ${outcome}`
  return [place, ...why.map((each) => `  ${each}`), ...tried, `  ${JSON.stringify({ durable, kept })}`].join(
    '\n',
  )
}

/** Cuts to be really started: of every phase with every outcome some, in turn. */
export function chooseCuts(cuts: readonly CheckedCut[], count: number, seed: number): CheckedCut[] {
  const shuffled = new Random(seed).shuffle(cuts)
  const groups = [...Map.groupBy(shuffled, ({ phase, outcome }) => `${phase} ${outcome}`).values()]
  const chosen: CheckedCut[] = []
  const seen = new Set<string>()
  for (let round = 0; chosen.length < count && groups.some((group) => group.length > round); round++) {
    for (const cut of groups.flatMap((group) => group.slice(round, round + 1))) {
      if (chosen.length === count || seen.has(cut.disk)) continue
      seen.add(cut.disk)
      chosen.push(cut)
    }
  }
  return chosen
}
