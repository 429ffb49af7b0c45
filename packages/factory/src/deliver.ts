import { createHash } from 'node:crypto'
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { flush } from './flush.ts'
import { renewStamp } from './run/store.ts'
import { copySparse } from './tools/cp.ts'

/** A result of the store, as far as delivering needs to know it. */
interface Deliverable {
  readonly folder: string
  /** Of the result; the same digest is the same files. */
  readonly digest: string
}

export interface DeliveryOptions {
  /**
   * The file may be the very one of the store, under a second name, where both lie on one file system: nothing is copied,
   * and it takes its place on the disk once. Whoever writes to it damages the result in the store, which is noticed, and the
   * result made again. Not for what people write to, as a disk that a virtual machine is started from.
   */
  readonly shared: boolean
}

/**
 * Brings files out of the store, each whole or not at all. What was delivered before and not touched since is left alone:
 * a note in the cache says what a file was made from and its times, and any write changes those.
 */
export interface Delivery {
  /** Copies or links under temporary names. */
  add(result: Deliverable, to: string, options: DeliveryOptions): Promise<void>
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
  /** Folder of the result that the file is shared with. */
  readonly sharedWith: string | undefined
  readonly partial: string
  readonly target: string
  readonly note: string
  readonly digest: string
}

export function openDelivery(cacheFolder: string): Delivery {
  const notes = join(cacheFolder, 'delivered')
  const pending: Pending[] = []
  return {
    async add({ folder, digest }, to, { shared }) {
      await mkdir(to, { recursive: true })
      for (const name of await filesBelow(folder)) {
        const target = resolve(to, name)
        await mkdir(dirname(target), { recursive: true })
        const note = join(notes, createHash('sha256').update(target).digest('hex'))
        if (await isUntouched(target, digest, note)) continue
        const partial = `${target}.part`
        // What an interrupted delivery left may be a file of the store: it must not be written to.
        await rm(partial, { force: true })
        const isShared = shared && (await tryLink(join(folder, name), partial))
        if (!isShared) await copySparse(join(folder, name), partial)
        pending.push({ partial, target, note, digest, sharedWith: isShared ? folder : undefined })
      }
    },
    async finish() {
      await Promise.all(pending.map(({ partial }) => flush(partial)))
      await mkdir(notes, { recursive: true })
      const delivered = pending.splice(0)
      for (const { partial, target, note, digest } of delivered) {
        await rename(partial, target)
        await writeFile(note, JSON.stringify({ digest, ...(await timesOf(target)) }))
      }
      // A new name changes the times of a file, by which the store knows that nobody wrote to it.
      for (const folder of new Set(delivered.map(({ sharedWith }) => sharedWith))) {
        if (folder !== undefined) await renewStamp(folder)
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

/** @returns false where the file system cannot: another one, or one without links */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'ENOSYS'].includes(code)) return false
    throw error
  }
}
