import type { FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'
import { isZero } from './data-map.ts'
import { mapOrdered } from './map-ordered.ts'
import { packLevel } from './pack-level.ts'

const deflate = promisify<Buffer, object, Buffer>(deflateRaw)

/** No name, no time; made by the fastest level (RFC 1952, 2.3). */
const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255])
/** An empty last block. */
const lastBlock = Buffer.from([3, 0])

/**
 * Packs pieces into one gzip member. Each piece is packed by itself, several at a time, and ends at a whole byte, so that they
 * can follow each other (RFC 1951; as pigz does). The same pieces give the same bytes.
 */
export async function writeGzip(pieces: AsyncIterable<Buffer>, file: FileHandle): Promise<void> {
  let [sum, length, end] = [0, 0, 0]
  const append = async (bytes: Buffer) => {
    await file.write(bytes, 0, bytes.length, end)
    end += bytes.length
  }
  await append(header)
  const empty = new Map<number, Promise<Buffer>>()
  const pack = (piece: Buffer) => {
    sum = crc32(piece, sum)
    length += piece.length
    if (!isZero(piece)) return packPiece(piece)
    const known = empty.get(piece.length) ?? packPiece(piece)
    empty.set(piece.length, known)
    return known
  }
  for await (const packed of mapOrdered(pieces, pack)) await append(packed)
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(sum, 0)
  trailer.writeUInt32LE(length % 2 ** 32, 4)
  await append(Buffer.concat([lastBlock, trailer]))
}

async function packPiece(piece: Buffer): Promise<Buffer> {
  return deflate(piece, { level: await packLevel(piece), finishFlush: constants.Z_SYNC_FLUSH })
}
