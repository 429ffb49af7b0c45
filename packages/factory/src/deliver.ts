import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { copySparse } from './tools/cp.ts'

/** A result of the store, as far as delivering needs to know it. */
interface Deliverable {
  readonly folder: string
  /** Of the result; the same digest is the same files. */
  readonly digest: string
}

/**
 * Copies files out of the store, each whole or not at all. What was delivered before and not touched since is left alone:
 * a note in the cache says what a file was made from and its times, and any write changes those.
 */
export interface Delivery {
  /** Copies under temporary names. */
  add(result: Deliverable, to: string): Promise<void>
  /** Once the disk has all that was added, gives it its names. */
  finish(): Promise<void>
}

interface Note {
  readonly digest: string
  readonly size: number
  readonly changed: number
  readonly inode: number
}

interface Pending {
  readonly partial: string
  readonly target: string
  readonly note: string
  readonly digest: string
}

export function openDelivery(cacheFolder: string): Delivery {
  const notes = join(cacheFolder, 'delivered')
  const pending: Pending[] = []
  return {
    async add({ folder, digest }, to) {
      await mkdir(to, { recursive: true })
      for (const name of await filesBelow(folder)) {
        const target = resolve(to, name)
        await mkdir(dirname(target), { recursive: true })
        const note = join(notes, createHash('sha256').update(target).digest('hex'))
        if (await isUntouched(target, digest, note)) continue
        const partial = `${target}.part`
        await copySparse(join(folder, name), partial)
        pending.push({ partial, target, note, digest })
      }
    },
    async finish() {
      await Promise.all(pending.map(({ partial }) => flush(partial)))
      await mkdir(notes, { recursive: true })
      for (const { partial, target, note, digest } of pending.splice(0)) {
        await rename(partial, target)
        await writeFile(note, JSON.stringify({ digest, ...(await timesOf(target)) }))
      }
    },
  }
}

/** Relative paths; a folder's own files come last, so that an index is there only after what it names. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const files = entries.filter((entry) => entry.isFile())
  const paths = files.map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
  const depth = (path: string) => path.split('/').length
  return paths.sort((a, b) => depth(b) - depth(a) || (a < b ? -1 : 1))
}

async function isUntouched(target: string, digest: string, note: string): Promise<boolean> {
  try {
    const before = JSON.parse(await readFile(note, 'utf8')) as Note
    const now = await timesOf(target)
    return (
      before.digest === digest &&
      before.size === now.size &&
      before.changed === now.changed &&
      before.inode === now.inode
    )
  } catch {
    return false
  }
}

async function timesOf(path: string): Promise<Omit<Note, 'digest'>> {
  const { size, ctimeMs, ino } = await stat(path)
  return { size, changed: ctimeMs, inode: ino }
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
