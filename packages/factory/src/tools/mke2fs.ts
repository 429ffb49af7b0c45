import { mke2fsOptions, type PlannedPartition } from '@kiln/contract'

/** An ext4 file system within a disk image, made and filled without mounting. Runs in the toolchain. */
export interface Ext4Options {
  /** The disk image; the partition says where in it. */
  readonly target: string
  readonly partition: PlannedPartition
  readonly uuid: string
  /** A UUID, too: folders are hashed with it. */
  readonly hashSeed: string
  /** Folder whose content goes into the root of the file system, with its modes and owners. */
  readonly source?: string
  /** It begins small, and is grown later: tables are laid out for 8 TiB. */
  readonly grows?: boolean
}

/** Blocks of 4096 bytes. */
const blocksOf8TiB = 2 ** 31

export function mke2fsArguments(options: Ext4Options): [string, ...string[]] {
  const { target, partition, uuid, hashSeed, source, grows = false } = options
  const extended = [
    `offset=${partition.start}`,
    `hash_seed=${hashSeed}`,
    'root_owner=0:0',
    // Otherwise it depends on the kernel of the build machine. The kernel of the node clears what was left out.
    'lazy_itable_init=1',
    'lazy_journal_init=0',
    ...(grows ? [`resize=${blocksOf8TiB}`] : []),
  ]
  return [
    'mke2fs',
    ...mke2fsOptions(partition),
    // e2fsck before 1.47 refuses a file system with it, and the node may have an older one.
    ...['-O', '^orphan_file', '-U', uuid, '-E', extended.join(',')],
    ...(source === undefined ? [] : ['-d', source]),
    target,
    `${partition.bytes / 1024}k`,
  ]
}

/** mke2fs takes no time from the clock, nor any later one from the files. @param epoch seconds since 1970 */
export function mke2fsEnvironment(epoch: number): Record<string, string> {
  return { SOURCE_DATE_EPOCH: String(epoch), E2FSPROGS_FAKE_TIME: String(epoch) }
}
