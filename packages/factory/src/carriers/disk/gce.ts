import { open } from 'node:fs/promises'
import { type DiskSource, dataRuns } from './disk-source.ts'
import { writeGzip } from './gzip.ts'
import { tarEnd, tarHeader } from './tar-header.ts'

/**
 * What Google Compute Engine imports: a gzipped tar archive in GNU's old format, with one member, `disk.raw`. Holes are left
 * out, as `tar --format=oldgnu -S` of Google's own instructions does.
 */
export async function writeGce(disk: DiskSource, target: string, epoch: number): Promise<void> {
  const file = await open(target, 'w')
  try {
    await writeGzip(archive(disk, epoch), file)
  } finally {
    await file.close()
  }
}

async function* archive(disk: DiskSource, epoch: number): AsyncGenerator<Buffer> {
  const { bytes, runs } = disk
  const size = runs.reduce((sum, run) => sum + run.bytes, 0)
  yield tarHeader({ name: 'disk.raw', size, epoch, format: 'oldgnu', sparse: { bytes, runs } })
  for await (const { data } of dataRuns(disk)) yield data
  yield tarEnd
}
