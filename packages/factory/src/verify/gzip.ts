import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { Unreadable } from './bytes.ts'

const zeroPiece = Buffer.alloc(1 << 20)

/** Unpacks a gzip file; what is zero takes no space. zlib compares checksum and length. @throws Unreadable */
export async function unpackGzip(from: string, to: string): Promise<void> {
  const file = await open(to, 'w')
  try {
    await pipeline(
      createReadStream(from, { highWaterMark: 1 << 20 }),
      createGunzip({ chunkSize: 1 << 20 }),
      (pieces: AsyncIterable<Buffer>) => writeSparsely(pieces, file),
    )
  } catch (error) {
    if (!/^Z_/.test((error as NodeJS.ErrnoException).code ?? '')) throw error
    throw new Unreadable(`it cannot be unpacked: ${(error as Error).message}`)
  } finally {
    await file.close()
  }
}

async function writeSparsely(pieces: AsyncIterable<Buffer>, file: FileHandle): Promise<void> {
  let end = 0
  for await (const piece of pieces) {
    if (!piece.equals(zeroPiece.subarray(0, piece.length))) await file.write(piece, 0, piece.length, end)
    end += piece.length
  }
  await file.truncate(end)
}
