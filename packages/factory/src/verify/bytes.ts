import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

/**
 * Bytes that can be read anywhere: a file, a part of one, a disk within a container. Nothing here is shared with the code that
 * writes artifacts, so that a mistake of that one shows.
 */
export interface Bytes {
  readonly size: number
  /** Fewer than asked for only where they end. */
  read(offset: number, length: number): Promise<Buffer>
}

/** What is not as its format says. Caught where the finding is noted. */
export class Unreadable extends Error {}

export async function withFile<T>(path: string, use: (bytes: Bytes) => Promise<T>): Promise<T> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    return await use({
      size,
      async read(offset, length) {
        const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - offset)))
        let filled = 0
        while (filled < buffer.length) {
          const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, offset + filled)
          if (bytesRead === 0) break
          filled += bytesRead
        }
        return buffer.subarray(0, filled)
      },
    })
  } finally {
    await file.close()
  }
}

/** @throws Unreadable where the part is not within the whole */
export function part(bytes: Bytes, offset: number, size: number): Bytes {
  if (offset < 0 || size < 0 || offset + size > bytes.size)
    throw new Unreadable(`bytes ${offset} to ${offset + size} lie behind the end at ${bytes.size}`)
  return {
    size,
    read: (from, length) => bytes.read(offset + from, Math.max(0, Math.min(length, size - from))),
  }
}

/** Pieces of a file one after another, such as the clusters of FAT. */
export function joined(pieces: readonly Bytes[]): Bytes {
  let size = 0
  const placed = pieces.map((bytes) => {
    const start = size
    size += bytes.size
    return { start, bytes }
  })
  return {
    size,
    async read(offset, length) {
      const end = Math.min(size, offset + length)
      const parts = placed.filter(({ start, bytes }) => start < end && start + bytes.size > offset)
      const read = parts.map(({ start, bytes }) => {
        const from = Math.max(0, offset - start)
        return bytes.read(from, Math.min(bytes.size, end - start) - from)
      })
      return Buffer.concat(await Promise.all(read))
    },
  }
}

export function zeros(size: number): Bytes {
  return { size, read: async (offset, length) => Buffer.alloc(Math.max(0, Math.min(length, size - offset))) }
}

export function inMemory(buffer: Buffer): Bytes {
  return { size: buffer.length, read: async (offset, length) => buffer.subarray(offset, offset + length) }
}

const pieceBytes = 1 << 20

export async function* piecesOf(bytes: Bytes): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < bytes.size; ) {
    const piece = await bytes.read(offset, pieceBytes)
    if (piece.length === 0) throw new Unreadable(`nothing can be read behind byte ${offset}`)
    yield piece
    offset += piece.length
  }
}

/** `sha256:<64 hex digits>` */
export async function digestOf(bytes: Bytes): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of piecesOf(bytes)) hash.update(piece)
  return `sha256:${hash.digest('hex')}`
}

/** All of something that is not large. @throws Unreadable where it is */
export async function wholeOf(bytes: Bytes, most = 512 * 2 ** 20): Promise<Buffer> {
  if (bytes.size > most) throw new Unreadable(`it has ${bytes.size} bytes, more than anything of its kind`)
  const whole = await bytes.read(0, bytes.size)
  if (whole.length < bytes.size) throw new Unreadable('it ends too early')
  return whole
}
