import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

/**
 * Bytes that can be read anywhere: a file, a part of one, a disk within a container. Nothing here is shared with the code that
 * writes artifacts, so that a mistake of that one shows.
 */
export interface Bytes {
  readonly size: number
  /**
   * Fewer than asked for only where they end.
   * @param into what is read may be put there, where there is room for it; what comes back may then be a part of it
   */
  read(offset: number, length: number, into?: Buffer): Promise<Buffer>
}

/** What is not as its format says. Caught where the finding is noted. */
export class Unreadable extends Error {}

export async function withFile<T>(path: string, use: (bytes: Bytes) => Promise<T>): Promise<T> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    return await use({
      size,
      async read(offset, length, into) {
        const wanted = Math.max(0, Math.min(length, size - offset))
        const buffer = into && into.length >= wanted ? into.subarray(0, wanted) : Buffer.allocUnsafe(wanted)
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
    read: (from, length, into) => bytes.read(offset + from, Math.max(0, Math.min(length, size - from)), into),
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
    async read(offset, length, into) {
      const end = Math.min(size, offset + length)
      const parts = placed.filter(({ start, bytes }) => start < end && start + bytes.size > offset)
      const [only] = parts
      if (only && parts.length === 1 && offset >= only.start)
        return only.bytes.read(offset - only.start, end - offset, into)
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

/**
 * Gives all bytes in pieces. The next piece is read while the last one is looked at, into one of two buffers: a piece is there
 * until the next but one is asked for.
 */
export async function* piecesOf(bytes: Bytes): AsyncGenerator<Buffer> {
  const length = Math.min(bytes.size, pieceBytes)
  let [buffer, other] = [Buffer.allocUnsafe(length), Buffer.allocUnsafe(length)]
  let reading = bytes.read(0, length, buffer)
  for (let offset = 0; offset < bytes.size; ) {
    const piece = await reading
    if (piece.length === 0) throw new Unreadable(`nothing can be read behind byte ${offset}`)
    offset += piece.length
    ;[buffer, other] = [other, buffer]
    reading = bytes.read(offset, pieceBytes, buffer)
    // Told where it is awaited; whoever wants no further piece does not hear of it.
    reading.catch(() => {})
    yield piece
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
