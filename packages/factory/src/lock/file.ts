import { lstat, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isKilnError, KilnError, parseOrThrow } from '@kiln/contract'
import { printYamlText } from '@kiln/contract/yaml/print'
import { partOf, sweepParts } from '../pool/part-file.ts'
import { Lock } from './lock.ts'

export const lockFileName = 'kiln.lock'

/** @returns undefined where there is none. @throws KilnError E-CONFIG-* with the place */
export async function readLock(file: string): Promise<Lock | undefined> {
  const text = await readText(file)
  return text === undefined ? undefined : parseOrThrow(Lock, text, file).value
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    const reason = cause instanceof TypeError ? 'it is not UTF-8 text' : readReasons[code ?? '']
    throw new KilnError('E-CONFIG-UNREADABLE', `${file} cannot be read: ${reason ?? messageOf(cause)}`, {
      place: { file },
      cause,
      hint: 'it must be a file that this user may read',
    })
  }
}

const readReasons: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  EACCES: 'permission is denied',
  ELOOP: 'it is a link that leads in circles',
  ENOTDIR: 'what should be its folder is a file',
}

const head = '# Written by kiln. Commit it beside kiln.yaml; `kiln lock` takes the newest packages.\n'

/** The same lock gives the same text, whatever the order of its sets and bases. */
export function formatLock(lock: Lock): string {
  const { images } = lock
  const sorted = {
    ...lock,
    ...{ sets: byName(lock.sets), bases: byName(lock.bases) },
    ...(images ? { images: byName(images) } : {}),
  }
  return head + printYamlText(sorted)
}

function byName<T>(entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * Written whole or not at all, and not when nothing changed. A link in its place is refused, not followed. Removes what a
 * killed process left beside it.
 * @throws KilnError E-CONFIG-UNREADABLE, E-PERMISSION, E-DISK-FULL
 */
export async function writeLock(file: string, lock: Lock): Promise<boolean> {
  await sweepParts(dirname(file), /^\.kiln\.lock$/)
  const text = formatLock(lock)
  const before = await lstat(file).catch(() => undefined)
  if (before?.isSymbolicLink()) {
    throw new KilnError('E-CONFIG-UNREADABLE', `${file} is a link`, {
      hint: 'replace it by a file',
      place: { file },
    })
  }
  if (before && (await readText(file)) === text) return false
  try {
    await replaceFile(file, text)
  } catch (error) {
    throw writeError(file, error)
  }
  return true
}

async function replaceFile(file: string, text: string): Promise<void> {
  const partial = partOf(join(dirname(file), `.${lockFileName}`))
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
}

function writeError(file: string, cause: unknown): unknown {
  if (isKilnError(cause)) return cause
  const message = `${file} cannot be written: ${messageOf(cause)}`
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new KilnError('E-DISK-FULL', message, {
        cause,
        hint: 'free some space where the kiln.yaml is, and run the same command again',
      })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new KilnError('E-PERMISSION', message, {
        cause,
        hint: 'let this user write to the folder of the kiln.yaml, or commit the lock and build with --frozen',
      })
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EISDIR':
      return new KilnError('E-CONFIG-UNREADABLE', message, { cause, place: { file } })
    default:
      return cause
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
