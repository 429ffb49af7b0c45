import { randomBytes } from 'node:crypto'
import { lstat, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { KilnError, parseOrThrow } from '@kiln/contract'
import { stringify } from 'yaml'
import { Lock } from './lock.ts'

export const lockFileName = 'kiln.lock'

/** @returns undefined where there is none. @throws KilnError E-CONFIG-* with the place */
export async function readLock(file: string): Promise<Lock | undefined> {
  try {
    return parseOrThrow(Lock, await readFile(file, 'utf8'), file).value
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const head = '# Written by kiln. Commit it beside kiln.yaml; `kiln lock` takes the newest packages.\n'

/** The same lock gives the same text, whatever the order of its sets and bases. */
export function formatLock(lock: Lock): string {
  const sorted = { ...lock, sets: byName(lock.sets), bases: byName(lock.bases) }
  return head + stringify(sorted, { lineWidth: 0, aliasDuplicateObjects: false })
}

function byName<T>(entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Written whole or not at all, and not when nothing changed. A link in its place is refused, not followed. */
export async function writeLock(file: string, lock: Lock): Promise<boolean> {
  const text = formatLock(lock)
  const before = await lstat(file).catch(() => undefined)
  if (before?.isSymbolicLink()) {
    throw new KilnError('E-CONFIG-UNREADABLE', `${file} is a link`, {
      hint: 'replace it by a file',
      place: { file },
    })
  }
  if (before && (await readFile(file, 'utf8')) === text) return false
  const partial = join(dirname(file), `.${lockFileName}.${randomBytes(4).toString('hex')}`)
  const handle = await open(partial, 'wx', 0o644)
  try {
    await handle.writeFile(text)
    await handle.sync()
    await rename(partial, file)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  } finally {
    await handle.close()
  }
  return true
}
