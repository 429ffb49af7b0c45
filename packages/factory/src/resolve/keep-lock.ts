import type { LoadedDefinition } from '../definition/load.ts'
import { readLock, writeLock } from '../lock/file.ts'
import type { Lock } from '../lock/lock.ts'
import { mergeLocks, withImages } from '../lock/merge.ts'
import { lockFile } from './resolve.ts'

export interface KeepOptions {
  /** Drop what was not taken now: after all images were resolved anew, nobody asks for it any more. */
  readonly prune?: boolean
}

/** Keeps what a build took in the lock, beside what other images and other machines took. @returns whether the file changed */
export async function keepLock(
  definition: LoadedDefinition,
  taken: Lock,
  { prune = false }: KeepOptions = {},
): Promise<boolean> {
  const file = lockFile(definition)
  const before = await readLock(file)
  // Images of a bundle are resolved apart, and dropped there.
  return writeLock(
    file,
    prune ? { ...taken, ...withImages(before?.images ?? {}) } : mergeLocks(before, taken),
  )
}
