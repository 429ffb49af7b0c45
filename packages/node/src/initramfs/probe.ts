/** What a device holds. An empty label or id is undefined. */
export interface FileSystem {
  readonly type: 'iso9660' | 'ext2' | 'ext3' | 'ext4' | 'vfat' | 'squashfs' | 'btrfs' | 'xfs'
  readonly label: string | undefined
  readonly uuid: string | undefined
  /** How large it is, where its superblock is understood that far. */
  readonly bytes?: number
}

/** How many bytes from the start of a device `probeFileSystem` looks at: the superblock of btrfs is the last. */
export const probeLength = 68 * 1024

type Probe = (bytes: Uint8Array) => FileSystem | undefined

const isoVolumeDescriptor = 32 * 1024
const extSuperblock = 1024
const btrfsSuperblock = 64 * 1024

/** ECMA-119 §8.4. The volume identifier is 32 bytes, filled with blanks. */
const iso9660: Probe = (bytes) =>
  hasText(bytes, isoVolumeDescriptor + 1, 'CD001')
    ? { type: 'iso9660', label: text(bytes, isoVolumeDescriptor + 40, 32), uuid: undefined }
    : undefined

/** linux/fs/ext4/ext4.h, struct ext4_super_block. */
const ext: Probe = (bytes) => {
  if (uint(bytes, extSuperblock + 0x38, 2) !== 0xef53) return undefined
  const hasJournal = (uint(bytes, extSuperblock + 0x5c, 4) & 0x4) !== 0
  // Extents, 64 bit, flexible block groups: each is ext4 only.
  const incompatible = uint(bytes, extSuperblock + 0x60, 4)
  const isExt4 = (incompatible & (0x40 | 0x80 | 0x200)) !== 0
  const highBlocks = (incompatible & 0x80) === 0 ? 0 : uint(bytes, extSuperblock + 0x150, 4)
  const blocks = uint(bytes, extSuperblock + 0x4, 4) + highBlocks * 2 ** 32
  return {
    type: isExt4 ? 'ext4' : hasJournal ? 'ext3' : 'ext2',
    label: text(bytes, extSuperblock + 0x78, 16),
    uuid: guid(bytes, extSuperblock + 0x68),
    bytes: blocks * 2 ** (10 + uint(bytes, extSuperblock + 0x18, 4)),
  }
}

/** FAT specification, boot sector: FAT32 has its label at 71, FAT12 and FAT16 at 43. */
const vfat: Probe = (bytes) => {
  if (uint(bytes, 510, 2) !== 0xaa55) return undefined
  const at = hasText(bytes, 82, 'FAT32') ? 71 : hasText(bytes, 54, 'FAT') ? 43 : undefined
  if (at === undefined) return undefined
  const label = text(bytes, at, 11)
  const id = uint(bytes, at - 4, 4)
    .toString(16)
    .toUpperCase()
    .padStart(8, '0')
  return {
    type: 'vfat',
    label: label === 'NO NAME' ? undefined : label,
    uuid: `${id.slice(0, 4)}-${id.slice(4)}`,
  }
}

const squashfs: Probe = (bytes) =>
  hasText(bytes, 0, 'hsqs') ? { type: 'squashfs', label: undefined, uuid: undefined } : undefined

/** linux/fs/btrfs: struct btrfs_super_block. */
const btrfs: Probe = (bytes) =>
  hasText(bytes, btrfsSuperblock + 64, '_BHRfS_M')
    ? {
        type: 'btrfs',
        label: text(bytes, btrfsSuperblock + 299, 256),
        uuid: guid(bytes, btrfsSuperblock + 32),
      }
    : undefined

/** linux/fs/xfs: struct xfs_dsb. */
const xfs: Probe = (bytes) =>
  hasText(bytes, 0, 'XFSB') ? { type: 'xfs', label: text(bytes, 108, 12), uuid: guid(bytes, 32) } : undefined

// iso9660 comes first: a hybrid medium also has a boot sector.
const probes: readonly Probe[] = [iso9660, squashfs, ext, btrfs, xfs, vfat]

/** Recognises a file system by the first `probeLength` bytes of its device; fewer bytes are no error. */
export function probeFileSystem(bytes: Uint8Array): FileSystem | undefined {
  for (const probe of probes) {
    const found = probe(bytes)
    if (found) return found
  }
  return undefined
}

function hasText(bytes: Uint8Array, at: number, expected: string): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected.charCodeAt(i)) return false
  return true
}

/** Text up to the first zero byte, without blanks at its end. Labels are ASCII in practice. */
function text(bytes: Uint8Array, at: number, length: number): string | undefined {
  let result = ''
  for (const byte of bytes.subarray(at, at + length)) {
    if (byte === 0) break
    result += String.fromCharCode(byte)
  }
  return result.trimEnd() || undefined
}

/** Little-endian. */
function uint(bytes: Uint8Array, at: number, length: number): number {
  let value = 0
  for (let i = length - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0)
  return value
}

function guid(bytes: Uint8Array, at: number): string | undefined {
  const hex = Array.from(bytes.subarray(at, at + 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  if (/^0*$/.test(hex)) return undefined
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
