import type { Host } from '../host/host.ts'
import { runTool } from './tool.ts'

/**
 * Writes a partition table and tells the kernel. sfdisk refuses a disk of which something is in use; the lock keeps udev
 * from looking at a half-written one. The code in the first sector stays, which it would not if sfdisk wiped the disk itself: the
 * caller did that.
 * @param script sfdisk(8), "Input formats"
 * @throws DiskToolError
 */
export function writeTable(host: Pick<Host, 'run'>, device: string, script: string): void {
  const wipe = ['--wipe', 'never', '--wipe-partitions', 'always']
  runTool(host, ['sfdisk', '--quiet', '--lock=yes', ...wipe, device], { input: script })
}
