import { join } from 'node:path'
import { median, mustRun } from '../measure.ts'

const times = 101

/**
 * Median of `kiln-agent state --json` on this machine, without emulation, in milliseconds: on the disk and in the root of an
 * image. Needs root and loop devices. Where the kernel of this machine has no vfat, the boot entries are not read.
 */
export function measureState(raw: string): number {
  const file = (name: string) => join(import.meta.dirname, name)
  const printed = mustRun('unshare', [
    ...['--mount', '--propagation', 'private', 'sh', file('state.sh')],
    ...[raw, String(times), process.execPath, file('time-command.ts')],
  ])
  return median(printed.trim().split('\n').map(Number)) / 1000
}
