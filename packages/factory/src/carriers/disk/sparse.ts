import { open } from 'node:fs/promises'
import { type DiskSource, dataRuns } from './disk-source.ts'

/** Writes a disk as a file that takes no space for what is zero. */
export async function writeSparse(disk: DiskSource, target: string): Promise<void> {
  const file = await open(target, 'w')
  try {
    await file.truncate(disk.bytes)
    for await (const { offset, data } of dataRuns(disk)) await file.write(data, 0, data.length, offset)
  } finally {
    await file.close()
  }
}
