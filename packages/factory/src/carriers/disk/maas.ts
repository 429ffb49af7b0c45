import { open } from 'node:fs/promises'
import { zeroPieces } from './data-map.ts'
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
    yield* zeroPieces(offset - done)
    yield data
    done = offset + data.length
  }
  yield* zeroPieces(disk.bytes - done)
}
