import { type Bytes, joined, part, Unreadable, zeros } from './bytes.ts'
import { crc32c } from './crc32c.ts'

/** An ext4 file system. Paths begin with a slash. */
export interface Ext4Volume {
  readonly label: string
  /** Names in a folder; empty where there is none. */
  list(folder: string): Promise<string[]>
  /** Content of a file; undefined where there is none. */
  file(path: string): Promise<Bytes | undefined>
}

interface Geometry {
  readonly blockBytes: number
  readonly inodesPerGroup: number
  readonly inodeBytes: number
  readonly descriptors: Buffer
  readonly descriptorBytes: number
}

/**
 * Reads an ext4 file system, after looking at the checksums of its superblock and its groups. Source: Linux,
 * Documentation/filesystems/ext4; numbers are little-endian.
 */
export async function readExt4(volume: Bytes): Promise<Ext4Volume> {
  const superblock = await volume.read(1024, 1024)
  if (superblock.length < 1024 || superblock.readUInt16LE(0x38) !== 0xef53)
    throw new Unreadable('it has no superblock')
  const geometry = await readGeometry(volume, superblock)
  const inodeAt = (path: string) => findInode(volume, geometry, path)
  return {
    label: superblock.toString('latin1', 0x78, 0x88).replace(/\0.*$/s, ''),
    async list(folder) {
      const inode = await inodeAt(folder)
      return inode ? [...(await entriesOf(volume, geometry, inode)).keys()].sort() : []
    },
    async file(path) {
      const inode = await inodeAt(path)
      return inode && contentOf(volume, geometry, inode)
    },
  }
}

async function readGeometry(volume: Bytes, superblock: Buffer): Promise<Geometry> {
  const blockBytes = 1024 << superblock.readUInt32LE(0x18)
  const blocks = superblock.readUInt32LE(4) + superblock.readUInt32LE(0x150) * 2 ** 32
  if (blocks * blockBytes > volume.size) throw new Unreadable('it is longer than its partition')
  const incompatible = superblock.readUInt32LE(0x60)
  const descriptorBytes = (incompatible & 0x80) !== 0 ? superblock.readUInt16LE(0xfe) : 32
  const groups = Math.ceil((blocks - superblock.readUInt32LE(0x14)) / superblock.readUInt32LE(0x20))
  const descriptorsAt = (superblock.readUInt32LE(0x14) + 1) * blockBytes
  const descriptors = await volume.read(descriptorsAt, groups * descriptorBytes)
  const hasChecksums = (superblock.readUInt32LE(0x64) & 0x400) !== 0
  if (hasChecksums) {
    if (crc32c(0xffff_ffff, superblock.subarray(0, 0x3fc)) !== superblock.readUInt32LE(0x3fc))
      throw new Unreadable('the checksum of its superblock is wrong')
    const seed =
      (incompatible & 0x2000) !== 0
        ? superblock.readUInt32LE(0x270)
        : crc32c(0xffff_ffff, superblock.subarray(0x68, 0x78))
    for (let group = 0; group < groups; group++) {
      const descriptor = descriptors.subarray(group * descriptorBytes, (group + 1) * descriptorBytes)
      if (groupChecksum(seed, group, descriptor) !== descriptor.readUInt16LE(0x1e))
        throw new Unreadable(`the checksum of its group ${group} is wrong`)
    }
  }
  return {
    blockBytes,
    inodesPerGroup: superblock.readUInt32LE(0x28),
    inodeBytes: superblock.readUInt16LE(0x58),
    descriptors,
    descriptorBytes,
  }
}

function groupChecksum(seed: number, group: number, descriptor: Buffer): number {
  const number = Buffer.alloc(4)
  number.writeUInt32LE(group)
  const unsummed = Buffer.from(descriptor)
  unsummed.fill(0, 0x1e, 0x20)
  return crc32c(crc32c(seed, number), unsummed) & 0xffff
}

async function readInode(volume: Bytes, geometry: Geometry, number: number): Promise<Buffer> {
  const { descriptors, descriptorBytes, inodesPerGroup, inodeBytes, blockBytes } = geometry
  const group = Math.floor((number - 1) / inodesPerGroup)
  const descriptor = descriptors.subarray(group * descriptorBytes, (group + 1) * descriptorBytes)
  const high = descriptorBytes >= 64 ? descriptor.readUInt32LE(0x28) : 0
  const table = (high * 2 ** 32 + descriptor.readUInt32LE(8)) * blockBytes
  return volume.read(table + ((number - 1) % inodesPerGroup) * inodeBytes, inodeBytes)
}

const rootInode = 2

async function findInode(volume: Bytes, geometry: Geometry, path: string): Promise<Buffer | undefined> {
  let inode = await readInode(volume, geometry, rootInode)
  for (const name of path.split('/').filter((each) => each !== '')) {
    const next = (await entriesOf(volume, geometry, inode)).get(name)
    if (next === undefined) return undefined
    inode = await readInode(volume, geometry, next)
  }
  return inode
}

/** Name → inode. The inner blocks of an indexed folder look like empty entries. */
async function entriesOf(volume: Bytes, geometry: Geometry, inode: Buffer): Promise<Map<string, number>> {
  const entries = new Map<string, number>()
  if ((inode.readUInt16LE(0) & 0xf000) !== 0x4000) return entries
  const content = await contentOf(volume, geometry, inode)
  const bytes = await content.read(0, content.size)
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at + 4)
    if (length < 8) throw new Unreadable('a folder is damaged')
    const [number, nameBytes] = [bytes.readUInt32LE(at), bytes.readUInt8(at + 6)]
    const name = bytes.toString('utf8', at + 8, at + 8 + nameBytes)
    if (number !== 0 && name !== '.' && name !== '..') entries.set(name, number)
    at += length
  }
  return entries
}

async function contentOf(volume: Bytes, geometry: Geometry, inode: Buffer): Promise<Bytes> {
  const size = inode.readUInt32LE(4) + inode.readUInt32LE(0x6c) * 2 ** 32
  if ((inode.readUInt32LE(0x20) & 0x8_0000) === 0) throw new Unreadable('a file has no extents')
  const pieces: Bytes[] = []
  let filled = 0
  for (const { logical, blocks, at } of await extentsOf(volume, geometry, inode.subarray(0x28, 0x64))) {
    const start = logical * geometry.blockBytes
    if (start > filled) pieces.push(zeros(start - filled))
    const bytes = blocks * geometry.blockBytes
    pieces.push(at === undefined ? zeros(bytes) : part(volume, at, bytes))
    filled = start + bytes
  }
  if (filled < size) pieces.push(zeros(size - filled))
  return part(joined(pieces), 0, size)
}

interface Extent {
  readonly logical: number
  readonly blocks: number
  /** Byte in the file system; undefined where nothing was written. */
  readonly at: number | undefined
}

async function extentsOf(volume: Bytes, geometry: Geometry, node: Buffer, depth = 0): Promise<Extent[]> {
  if (node.readUInt16LE(0) !== 0xf30a || depth > 5) throw new Unreadable('the extents of a file are damaged')
  const count = node.readUInt16LE(2)
  const isLeaf = node.readUInt16LE(6) === 0
  const extents: Extent[] = []
  for (let index = 0; index < count; index++) {
    const entry = node.subarray(12 + index * 12, 24 + index * 12)
    if (isLeaf) {
      const length = entry.readUInt16LE(4)
      const block = entry.readUInt16LE(6) * 2 ** 32 + entry.readUInt32LE(8)
      const isUnwritten = length > 32_768
      extents.push({
        logical: entry.readUInt32LE(0),
        blocks: isUnwritten ? length - 32_768 : length,
        at: isUnwritten ? undefined : block * geometry.blockBytes,
      })
    } else {
      const block = entry.readUInt16LE(8) * 2 ** 32 + entry.readUInt32LE(4)
      const inner = await volume.read(block * geometry.blockBytes, geometry.blockBytes)
      extents.push(...(await extentsOf(volume, geometry, inner, depth + 1)))
    }
  }
  return extents
}
