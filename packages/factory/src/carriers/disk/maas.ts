import { open } from 'node:fs/promises'
import type { DiskSource } from './disk-source.ts'
import { writeGzip } from './gzip.ts'

const pieceBytes = 1 << 20

/** A gzipped disk, MAAS's image type `ddgz`. */
export async function writeRawGzip(disk: DiskSource, target: string): Promise<void> {
  const file = await open(target, 'w')
  try {
    await writeGzip(pieces(disk), file)
  } finally {
    await file.close()
  }
}

async function* pieces(disk: DiskSource): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < disk.bytes; offset += pieceBytes) {
    yield await disk.read(offset, Math.min(pieceBytes, disk.bytes - offset))
  }
}
