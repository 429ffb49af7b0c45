import { run } from './process.ts'

/** Waits until the disk has everything of the file system that a path is on. */
export async function flushFileSystem(path: string): Promise<void> {
  await run('sync', ['--file-system', path])
}
