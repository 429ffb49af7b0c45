import { open } from 'node:fs/promises'
import { pieceBytes } from './data-map.ts'
import { type DiskSource, dataRuns } from './disk-source.ts'
import { writeGzip } from './gzip.ts'

/** A gzipped disk, MAAS's image type `ddgz`. */
export async function writeRawGzip(disk: DiskSource, target: string): Promise<void> {
  const file = await open(target, 'w')
  try {
    await writeGzip(pieces(disk), file)
  } finally {
    await file.close()
  }
}

/** The disk from its start to its end; holes are not read. */
async function* pieces(disk: DiskSource): AsyncGenerator<Buffer> {
  let done = 0
  for await (const { offset, data } of dataRuns(disk)) {
    yield* hole(offset - done)
    yield data
    done = offset + data.length
  }
  yield* hole(disk.bytes - done)
}

const zeros = Buffer.alloc(pieceBytes)

function* hole(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= pieceBytes) yield zeros.subarray(0, Math.min(left, pieceBytes))
}
