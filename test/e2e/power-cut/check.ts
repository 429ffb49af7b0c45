import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cut, type CutOptions, type KeptWrite, planCuts } from './cuts.ts'
import { type DiskFacts, Inspector } from './facts.ts'
import { ReplayDisk } from './replay-disk.ts'
import { type CheckedCut, makeReport, type Outcome, type Report } from './report.ts'
import { type BootVerdict, bootVerdict, loaderOf, type VerdictOptions } from './verdict.ts'
import { WriteLog } from './write-log.ts'

/** From this entry on, the machine did something that has a name. */
export interface Mark {
  readonly entry: number
  readonly phase: string
}

export interface CheckOptions extends VerdictOptions, Omit<CutOptions, 'sectorBytes'> {
  /** Entry of the log before which it ends; default: all of it. */
  readonly to?: number | undefined
  /** Default: what the record on the disk says is going on. */
  readonly marks?: readonly Mark[]
  /** Names of ext4 partitions that must be whole beside the state. Default: oem and persistent. */
  readonly others?: readonly string[]
  /** Folder for a copy of the disk, as large as what it holds. */
  readonly folder: string
  /** Told after each cut. */
  readonly onCut?: (done: number, all: number) => void
}

/**
 * Rebuilds a disk as it would be after a power cut, for every flush and at many places between, and looks what becomes of each.
 * @param logFile record of the writes, see write-log.ts
 * @param base raw image of the disk before them
 */
export async function checkEveryCut(logFile: string, base: string, options: CheckOptions): Promise<Report> {
  const scratch = await mkdtemp(join(options.folder, 'cuts-'))
  try {
    using log = new WriteLog(logFile)
    using disk = new ReplayDisk(base, join(scratch, 'disk.raw'), log)
    const inspector = new Inspector(disk, { scratch, others: options.others })
    const cuts = planCuts(log.entries.slice(0, options.to), { ...options, ...log.header })
    const durable = cuts[0]?.durable ?? 0
    disk.apply(wholeEntries(log, 0, durable))
    const asItBegins = wholeEntries(log, durable, options.from ?? 0)
    const facts = await disk.trial(asItBegins, () => inspector.look())
    const known = { ...options, loaders: [...(options.loaders ?? []), ...knownLoader(facts, options)] }
    const judge = async () => bootVerdict(await inspector.look(), known)
    const before = bootVerdict(facts, known)
    const checked = await checkCuts(cuts, { log, disk, judge, options, applied: durable })
    const after = checked.at(-1)?.verdict ?? before
    return makeReport({
      seed: options.seed,
      log,
      before,
      after,
      cuts: checked.map((each) => ({ ...each, outcome: outcomeOf(each.verdict, before, after) })),
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** The disk started before, so its boot loader is whole. */
function knownLoader(facts: DiskFacts, { firmware }: VerdictOptions): string[] {
  const loader = loaderOf(facts, firmware)
  return loader === '' || facts.bios?.problem ? [] : [loader]
}

interface Checking {
  readonly log: WriteLog
  readonly disk: ReplayDisk
  readonly judge: () => Promise<BootVerdict>
  readonly options: CheckOptions
  /** Entries before this index are on the disk already. */
  readonly applied: number
}

function wholeEntries(log: WriteLog, from: number, to: number): KeptWrite[] {
  return log.entries.slice(from, Math.max(from, to)).map(({ index }) => ({ entry: index }))
}

async function checkCuts(
  cuts: readonly Cut[],
  { log, disk, judge, options, applied: first }: Checking,
): Promise<Omit<CheckedCut, 'outcome'>[]> {
  const checked: Omit<CheckedCut, 'outcome'>[] = []
  let applied = first
  for (const cut of cuts) {
    disk.apply(wholeEntries(log, applied, cut.durable))
    applied = Math.max(applied, cut.durable)
    const looked = await disk.trial(cut.kept, async () => ({
      verdict: await judge(),
      disk: disk.version([{ offset: 0, bytes: disk.bytes }]),
    }))
    checked.push({ cut, phase: phaseOf(cut, looked.verdict, options.marks), ...looked })
    options.onCut?.(checked.length, cuts.length)
  }
  return checked
}

function phaseOf(cut: Cut, { record }: BootVerdict, marks: readonly Mark[] | undefined): string {
  if (marks) return marks.findLast(({ entry }) => entry <= cut.until)?.phase ?? 'before'
  const operation = record?.operation
  return operation ? `${operation.kind}: ${operation.phase}` : 'nothing going on'
}

/** What a cut ends on, compared with both ends of what was recorded. */
function outcomeOf(verdict: BootVerdict, before: BootVerdict, after: BootVerdict): Outcome {
  const { boots, record } = verdict
  if (!boots) return verdict.isVacant && before.isVacant ? 'vacant' : 'bricked'
  // It is gone on with before anything else, whatever is started.
  if (record?.operation?.kind === 'reset') return 'resumes'
  const same = (other: BootVerdict) => identity(verdict) === identity(other)
  if (same(before)) return 'old'
  if (same(after)) return 'new'
  return boots.generation === undefined ? 'recovery' : 'between'
}

function identity({ boots, recovery, loader }: BootVerdict): string {
  return JSON.stringify([boots?.id, boots?.slot, recovery?.slot, loader])
}

/** The disk of one cut, as a raw image of its own. */
export function writeCut(
  logFile: string,
  base: string,
  { durable, kept }: Pick<Cut, 'durable' | 'kept'>,
  target: string,
): void {
  using log = new WriteLog(logFile)
  using disk = new ReplayDisk(base, target, log)
  disk.apply(wholeEntries(log, 0, durable))
  disk.apply(kept)
}
