import type { Firmware } from '@kiln/factory/boot/firmware'
import type { NodeFacts } from '../node-harness.ts'
import type { Mark } from './check.ts'
import { checkApart } from './check-apart.ts'
import { isGood, type Phase } from './life.ts'
import type { Recording } from './record.ts'
import type { Outcome, Report } from './report.ts'

/** A stretch of a node's life during which the power fails. */
export interface Operation {
  readonly name: string
  /** It begins and ends where these do; without an end, it goes on to the last write. */
  readonly from: Phase
  readonly to?: Phase
  /** Cuts between flushes. */
  readonly points: Readonly<Record<Firmware, number>>
  /** How many cuts are really started. */
  readonly booted: Readonly<Record<Firmware, number>>
  /** What each of them must get to without a hand, by what the offline verdict says. */
  readonly endsOn: (outcome: Outcome) => (state: NodeFacts) => boolean
  /** The medium stays plugged in. */
  readonly withMedium?: boolean
}

const points = { uefi: 200, bios: 200 }

/**
 * The superblock of ext4 has a checksum, and is written over itself: torn in two, it is lost, and no order of writes prevents that.
 * Disks whose physical sectors have 4096 bytes do not tear it. All else is torn as finely as that leaves.
 */
const tearBytes = 1024

const starts = () => (state: NodeFacts) => ['active', 'passive'].includes(state.mode)

export const operations: readonly Operation[] = [
  {
    name: 'install',
    from: 'install',
    to: 'first start',
    points,
    booted: { uefi: 1, bios: 1 },
    endsOn: () => isGood(1),
    withMedium: true,
  },
  {
    name: 'first start',
    from: 'first start',
    to: 'recovery upgrade',
    points: { uefi: 40, bios: 40 },
    booted: { uefi: 0, bios: 0 },
    endsOn: () => isGood(1),
  },
  {
    name: 'upgrade --recovery',
    from: 'recovery upgrade',
    to: 'upgrade',
    points,
    booted: { uefi: 1, bios: 1 },
    endsOn: () => isGood(1),
  },
  {
    name: 'upgrade',
    from: 'upgrade',
    to: 'reset',
    points,
    booted: { uefi: 2, bios: 2 },
    endsOn: starts,
  },
  {
    name: 'newer boot loader of an upgrade',
    from: 'newer boot loader',
    to: 'new generation',
    points,
    booted: { uefi: 1, bios: 1 },
    endsOn: starts,
  },
  {
    name: 'reset',
    from: 'reset',
    to: 'boot loader by hand',
    points,
    booted: { uefi: 1, bios: 1 },
    endsOn: (outcome) => (outcome === 'old' ? isGood(2) : isGood(3)),
  },
  {
    name: 'boot-loader update',
    from: 'boot loader by hand',
    points,
    booted: { uefi: 1, bios: 1 },
    endsOn: () => isGood(3),
  },
]

/** Looks at every flush of an operation, and at its points between. */
export async function checkOperation(
  operation: Operation,
  { log, base, marks }: Recording,
  options: { readonly firmware: Firmware; readonly seed: number; readonly folder: string },
): Promise<Report> {
  const from = entryOf(marks, operation.from)
  const phase = `${operation.name} (${options.firmware.toUpperCase()})`
  return checkApart(log, base, {
    ...options,
    points: operation.points[options.firmware],
    tearBytes,
    from,
    to: operation.to && entryOf(marks, operation.to),
    marks: [{ entry: 0, phase }],
  })
}

function entryOf(marks: readonly Mark[], wanted: Phase): number {
  const mark = marks.find(({ phase }) => phase === wanted)
  if (!mark) throw new RangeError(`the life had no ${wanted}`)
  return mark.entry
}
