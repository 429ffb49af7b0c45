import { mkfsVfatOptions, type PlannedPartition } from '@kiln/contract'

/** A FAT file system as a file, made and filled without mounting. Runs in the toolchain. */
export interface FatOptions {
  readonly target: string
  readonly label: string
  /** 8 hex digits. */
  readonly volumeId: string
  readonly sizeMiB: number
  /** Folder whose content goes into the root of the file system. */
  readonly source: string
}

const copyTree = [
  'cd "$FAT_SOURCE"',
  "find . -mindepth 1 -type d -printf '%P\\n' | LC_ALL=C sort |",
  'while read -r folder; do mmd -i "$FAT_TARGET" "::$folder"; done',
  "find . -type f -printf '%P\\n' | LC_ALL=C sort |",
  'while read -r file; do mcopy -m -Q -i "$FAT_TARGET" "$file" "::$file"; done',
]

/**
 * FAT16 below 512 MiB has the smallest tables; firmware must read it (UEFI 2.10, 13.3.1.1). Entries are made one by one in
 * byte order: left to itself, mcopy takes them as the build machine's file system happens to list them.
 */
export function makeFatScript(): string {
  return [
    'mkfs.vfat --invariant -F "$FAT_BITS" -n "$FAT_LABEL" -i "$FAT_ID" -C "$FAT_TARGET" "$FAT_KIB" > /dev/null',
    ...copyTree,
  ].join('\n')
}

export function makeFatEnvironment(options: FatOptions, epoch: number): Record<string, string> {
  return {
    FAT_BITS: options.sizeMiB < 16 ? '12' : '16',
    FAT_LABEL: options.label,
    FAT_ID: options.volumeId,
    FAT_TARGET: options.target,
    FAT_KIB: String(options.sizeMiB * 1024),
    FAT_SOURCE: options.source,
    SOURCE_DATE_EPOCH: String(epoch),
    MTOOLS_SKIP_CHECK: '1',
  }
}

/** A FAT file system as a partition of a disk image. */
export interface FatPartitionOptions {
  /** The disk image; the partition says where in it. */
  readonly target: string
  readonly partition: PlannedPartition
  readonly sectorBytes: number
  /** 8 hex digits. */
  readonly volumeId: string
  /** Folder whose content goes into the root of the file system; without it, it stays empty. */
  readonly source?: string
  /** Seconds since 1970. */
  readonly epoch: number
}

/** A command and its environment. Runs in the toolchain. */
export function makeFatPartition(options: FatPartitionOptions): {
  readonly argv: [string, ...string[]]
  readonly env: Record<string, string>
} {
  const { target, partition, sectorBytes, volumeId, source, epoch } = options
  // As firmware wants it, the file system knows how many sectors lie before it.
  const sector = String(partition.start / sectorBytes)
  const make = 'mkfs.vfat --invariant "$@" --offset "$FAT_SECTOR" -h "$FAT_SECTOR" "$FAT_DISK" "$FAT_KIB"'
  const script = [`${make} > /dev/null`, ...(source === undefined ? [] : copyTree)].join('\n')
  return {
    argv: ['sh', '-euc', script, 'sh', ...mkfsVfatOptions(partition, sectorBytes), '-i', volumeId],
    env: {
      FAT_DISK: target,
      FAT_SECTOR: sector,
      FAT_KIB: String(partition.bytes / 1024),
      FAT_TARGET: `${target}@@${partition.start}`,
      FAT_SOURCE: source ?? '',
      SOURCE_DATE_EPOCH: String(epoch),
      MTOOLS_SKIP_CHECK: '1',
    },
  }
}
