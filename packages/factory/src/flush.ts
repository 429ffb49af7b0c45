import { open } from 'node:fs/promises'

/** Waits until the disk has a file. */
export async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
