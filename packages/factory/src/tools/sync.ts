import { run } from './process.ts'

/** Waits until the disk has all that was written to the file system of a folder: one wait instead of one for each file. */
export async function syncFileSystem(folder: string): Promise<void> {
  await run('sync', ['--file-system', folder])
}
