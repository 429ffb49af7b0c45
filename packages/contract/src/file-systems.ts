import { MiB } from './bytes.ts'
import type { PlannedPartition } from './disk.ts'

/**
 * Options of mke2fs for a partition, without identity and target. What every disk has does not depend on the configuration
 * file of mke2fs, which differs between distributions, nor on the size, since COS_PERSISTENT may begin small and grow.
 */
export function mke2fsOptions({ role, label }: Pick<PlannedPartition, 'role' | 'label'>): string[] {
  const named = label === undefined ? [] : ['-L', label]
  return ['-q', '-F', '-t', 'ext4', '-b', '4096', '-I', '256', ...contents[role], ...named]
}

/**
 * The superblock is two sectors, written in place at each mount: with a checksum, a power failure between them leaves a file
 * system that nothing in the initramfs can open. What a node boots from has checksums of its own.
 */
const withoutChecksums = ['-O', '^metadata_csum']

/** Checksums that do not hang on the UUID, so that it can be changed while the file system is in use. */
const ownSeed = ['-O', 'metadata_csum,metadata_csum_seed']

/** Few large files that only root writes, or many of everybody's. Journals that suit it. */
const contents: Readonly<Record<PlannedPartition['role'], readonly string[]>> = {
  bios: [],
  efi: [],
  oem: ['-i', '65536', '-m', '0', '-J', 'size=4', ...withoutChecksums],
  state: ['-i', '65536', '-m', '0', '-J', 'size=16', ...withoutChecksums],
  extra: ['-i', '16384', '-m', '1', ...ownSeed],
  persistent: ['-i', '16384', '-m', '1', '-J', 'size=64', ...ownSeed],
}

/**
 * Options of mkfs.vfat for a partition. The EFI partition is FAT32, which firmware must read on a fixed disk. The kind is
 * always said: mkfs.vfat chooses it by the size of the whole file, where the partition lies in one.
 */
export function mkfsVfatOptions(
  { role, label, bytes }: Pick<PlannedPartition, 'role' | 'label' | 'bytes'>,
  sectorBytes: number,
): string[] {
  const bits = role === 'efi' || bytes >= 260 * MiB ? 32 : bytes / sectorBytes >= 40_960 ? 16 : 12
  const clusters = bits === 32 ? ['-s', String(sectorsPerCluster(bytes, sectorBytes))] : []
  const named = label === undefined ? [] : ['-n', label]
  return ['-F', String(bits), ...clusters, '-S', String(sectorBytes), ...named]
}

/**
 * Clusters of at most 4 KiB. What tells FAT32 from FAT16 is that it has at least 65525 of them, so those of a small partition
 * are small; a few more are counted for what the tables take.
 */
function sectorsPerCluster(bytes: number, sectorBytes: number): number {
  const enough = 67_000
  let sectors = Math.max(1, 4096 / sectorBytes)
  while (sectors > 1 && bytes / (sectors * sectorBytes) < enough) sectors /= 2
  return sectors
}
