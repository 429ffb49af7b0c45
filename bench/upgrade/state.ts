import { join } from 'node:path'
import { median, mustRun } from '../measure.ts'

const times = 101

export interface StateTimes {
  /** From start to end, milliseconds. */
  readonly wallMs: number
  readonly processorMs: number
}

/**
 * `kiln-agent state --json` on this machine, without emulation: on the disk and in the root of an image. Median and
 * average. Needs root and loop devices. Where the kernel of this machine has no vfat, the boot entries are not read.
 */
export function measureState(raw: string): StateTimes {
  const file = (name: string) => join(import.meta.dirname, name)
  const printed = mustRun('unshare', [
    ...['--mount', '--propagation', 'private', 'sh', file('state.sh')],
    ...[raw, String(times), process.execPath, file('time-command.ts')],
  ])
  const figures = printed.trim().split('\n').map(Number)
  const processor = figures.pop() ?? Number.NaN
  return { wallMs: median(figures) / 1000, processorMs: processor / 1000 }
}
