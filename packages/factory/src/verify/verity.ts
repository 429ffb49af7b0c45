import { hash } from 'node:crypto'
import { type Bytes, inMemory, part, piecesOf, Unreadable } from './bytes.ts'

/** dm-verity's superblock stands before the hash tree: cryptsetup, lib/verity/verity.c; numbers are little-endian. */
const superblockBytes = 512
const digestBytes = 32

/**
 * Computes the root hash of an image anew, from all of its data, and compares the stored tree on the way.
 * @param hashOffset bytes of data before the superblock
 * @returns 64 hex digits
 */
export async function verityRootHash(image: Bytes, hashOffset: number): Promise<string> {
  const superblock = await image.read(hashOffset, superblockBytes)
  if (superblock.length < superblockBytes || superblock.toString('latin1', 0, 6) !== 'verity')
    throw new Unreadable(`there is no hash tree at byte ${hashOffset}`)
  const [dataBlock, hashBlock] = [superblock.readUInt32LE(64), superblock.readUInt32LE(68)]
  const algorithm = superblock.toString('latin1', 32, 64).replace(/\0.*$/s, '')
  if (dataBlock !== 4096 || hashBlock !== 4096 || algorithm !== 'sha256')
    throw new Unreadable('its hash tree is of another form')
  const blocks = Number(superblock.readBigUInt64LE(72))
  if (blocks * dataBlock !== hashOffset) throw new Unreadable('its hash tree is for data of another length')
  const salt = superblock.subarray(88, 88 + superblock.readUInt16LE(80))
  let level = await hashLevel(image, blocks, salt)
  const levels = [level]
  while (level.length > hashBlock) {
    level = await hashLevel(inMemory(level), level.length / hashBlock, salt)
    levels.push(level)
  }
  await compareTree(image, hashOffset + hashBlock, levels.toReversed())
  return hash('sha256', Buffer.concat([salt, level]), 'hex')
}

/** The hashes of all blocks, filled up to whole blocks. */
async function hashLevel(bytes: Bytes, blocks: number, salt: Buffer): Promise<Buffer> {
  const level = Buffer.alloc(Math.ceil((blocks * digestBytes) / 4096) * 4096)
  const salted = Buffer.alloc(salt.length + 4096)
  salted.set(salt)
  let at = 0
  for await (const piece of piecesOf(part(bytes, 0, blocks * 4096))) {
    for (let from = 0; from < piece.length; from += 4096, at += digestBytes) {
      salted.set(piece.subarray(from, from + 4096), salt.length)
      level.set(hash('sha256', salted, 'buffer'), at)
    }
  }
  return level
}

/** The tree stands in the image with its root first. */
async function compareTree(image: Bytes, start: number, levels: readonly Buffer[]): Promise<void> {
  let at = start
  for (const level of levels) {
    const stored = await image.read(at, level.length)
    if (!stored.equals(level)) throw new Unreadable('its data are not what its hash tree says')
    at += level.length
  }
}
