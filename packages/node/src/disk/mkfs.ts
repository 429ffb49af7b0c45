import { mke2fsOptions, mkfsVfatOptions, type PlannedPartition } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { runTool } from './tool.ts'

/**
 * Makes the file system of a partition, where it has one. Identifiers are random.
 * @param device the partition's
 * @throws DiskToolError
 */
export function makeFileSystem(
  host: Pick<Host, 'run'>,
  partition: PlannedPartition,
  device: string,
  sectorBytes: number,
): void {
  if (partition.fs === 'ext4') runTool(host, ['mke2fs', ...mke2fsOptions(partition), device])
  if (partition.fs === 'vfat')
    runTool(host, ['mkfs.vfat', ...mkfsVfatOptions(partition, sectorBytes), device])
}
