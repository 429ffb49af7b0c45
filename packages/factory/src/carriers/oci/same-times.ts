import { readdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'

/** Gives all that is in a folder one time. @returns bytes of all files */
export async function sameTimes(folder: string, epoch: number): Promise<number> {
  const names = await readdir(folder, { recursive: true })
  let bytes = 0
  for (const name of names) {
    const path = join(folder, name)
    const found = await stat(path)
    if (found.isFile()) bytes += found.size
    await utimes(path, epoch, epoch)
  }
  return bytes
}
