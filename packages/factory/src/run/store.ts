import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rename, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isKilnError } from '@kiln/contract'
import { type Lock, takeLock } from '../tools/flock.ts'
import { type CardFound, cardText, type ResultCard, readCard } from './card.ts'
import { type ContentOptions, contentDigest, type Stamp, stamp } from './content.ts'
import { removeTree } from './remove-tree.ts'
import { type BuildSession, draftName, openSession } from './sessions.ts'

export type { ResultCard } from './card.ts'
export { sweepDrafts } from './sessions.ts'

export interface StoredResult<Facts = unknown> extends ResultCard<Facts> {
  /** Folder with the step's files. Never written again. */
  readonly folder: string
}

/**
 * Results of steps by content key: `objects/<key>/{card.json,files/,stamp,used}`. A result appears by one rename, whole or
 * not at all. Nobody waits for the disk: what was stamped before the machine was last started, which a power failure may
 * have hit, is read through before it is used. Of two builds that want the same result, the second waits for the first.
 */
export interface Store {
  /** Looks, and leaves no trace. */
  find(key: string): Promise<StoredResult | undefined>
  /** As find, for a build: the result is kept while the build runs. `damaged` is told where its card is. */
  use(key: string): Promise<StoredResult | 'damaged' | undefined>
  /**
   * Whether the files are still those that were published. Looks at their times, and reads them only where one differs.
   * A result that is not intact cannot be found any more.
   */
  intact(result: StoredResult): Promise<boolean>
  /** For who makes a result. Others wait, also in other processes; the lock of a killed one is free at once. */
  lock(key: string, options: LockOptions): Promise<Lock>
  /** A new empty folder, to be filled, sealed and then published or discarded. With `replace`, it takes the place of an older result. */
  begin(key: string, replace?: boolean): Promise<Draft>
  /** Ends what was begun by using the store. Happens by itself when the process ends. */
  close(): Promise<void>
}

export interface LockOptions {
  readonly signal: AbortSignal
  /** Called where another build holds the lock. */
  readonly onWait: () => void
}

export interface Draft {
  readonly files: string
  /** For what is needed only while the step runs; on the same file system as the files. */
  readonly scratch: string
  /** @returns the digest of the content, for the card */
  seal(options?: ContentOptions): Promise<string>
  publish(card: ResultCard): Promise<StoredResult>
  discard(): Promise<void>
}

export function openStore(folder: string): Store {
  let opened: Promise<BuildSession> | undefined
  const session = () => {
    opened ??= openSession(folder)
    return opened
  }
  const objectOf = (key: string) => join(folder, 'objects', key)
  const newDraft = async (key: string) => join(folder, 'drafts', draftName((await session()).id, key))
  return {
    find: async (key) => found(objectOf(key), await readCard(objectOf(key)), key),
    async use(key) {
      await session()
      if (!(await noteUse(objectOf(key)))) return undefined
      const card = await readCard(objectOf(key))
      return card === 'damaged' || card === 'missing' ? 'damaged' : found(objectOf(key), card, key)
    },
    async intact(result) {
      const object = dirname(result.folder)
      if (await isIntact(object, result)) return true
      await throwAway(object, await newDraft(result.key))
      return false
    },
    lock: (key, options) => lockKey(join(folder, 'locks'), key, options),
    begin: async (key, replace = false) => beginDraft(await newDraft(key), objectOf(key), replace),
    async close() {
      await (await opened)?.close()
      opened = undefined
    },
  }
}

function found(object: string, card: CardFound, key: string): StoredResult | undefined {
  return typeof card === 'object' && card.key === key ? { ...card, folder: join(object, 'files') } : undefined
}

/** @returns false where there is no such object */
async function noteUse(object: string): Promise<boolean> {
  const file = join(object, 'used')
  const now = new Date()
  try {
    await utimes(file, now, now).catch(() => writeFile(file, ''))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Compares by times, then by content. Where the content is right, the stamp is renewed. */
export async function isIntact(object: string, card: ResultCard): Promise<boolean> {
  const files = join(object, 'files')
  if (!existsSync(files)) return false
  const [now, before] = [await stamp(files), await readStamp(object)]
  if (now.digest === before?.digest && before.start === machineStart()) return true
  return hasContent(object, card)
}

/** Reads everything, whatever the times say. */
export async function hasContent(object: string, card: ResultCard): Promise<boolean> {
  const files = join(object, 'files')
  try {
    const before = await stamp(files)
    if ((await contentDigest(files)) !== card.content) return false
    await writeStamp(object, before)
    return true
  } catch (error) {
    // What cannot be read is not there.
    if (isKilnError(error) && error.code === 'E-TOOL-FAILED') return false
    throw error
  }
}

/** A stamp as it was written, with the start of the machine in which that was. */
type WrittenStamp = Stamp & { readonly start?: string }

export async function readStamp(object: string): Promise<WrittenStamp | undefined> {
  try {
    return JSON.parse(await readFile(join(object, 'stamp'), 'utf8')) as WrittenStamp
  } catch {
    return undefined
  }
}

async function writeStamp(object: string, value: Stamp): Promise<void> {
  const written: WrittenStamp = { ...value, start: machineStart() }
  await writeFile(join(object, 'stamp'), `${JSON.stringify(written)}\n`)
}

/** For who changed the times of a result's files and knows that their content is as it was. @param files a result's folder */
export async function renewStamp(files: string): Promise<void> {
  await writeStamp(dirname(files), await stamp(files))
}

let start: string | undefined

/** A name for the time since the machine was started: so long, what was written is there, on the disk or in memory. */
function machineStart(): string {
  start ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return start
}

/** Makes an object disappear in one step, and then removes it. */
export async function throwAway(object: string, draft: string): Promise<void> {
  await mkdir(draft, { recursive: true })
  await moveAway(object, join(draft, 'replaced'))
  await removeTree(draft)
}

/** So long nobody is told that there is another build: most steps are made faster. */
const quietMs = 300

async function lockKey(folder: string, key: string, { signal, onWait }: LockOptions): Promise<Lock> {
  await mkdir(folder, { recursive: true })
  const timer = setTimeout(onWait, quietMs)
  try {
    const lock = await takeLock(join(folder, key), { signal })
    return lock ?? { release: async () => {} }
  } finally {
    clearTimeout(timer)
  }
}

async function beginDraft(folder: string, object: string, replace: boolean): Promise<Draft> {
  const result = join(folder, 'result')
  const files = join(result, 'files')
  const scratch = join(folder, 'scratch')
  await mkdir(files, { recursive: true })
  await mkdir(scratch)
  await mkdir(dirname(object), { recursive: true })
  const discard = () => removeTree(folder)
  return {
    files,
    scratch,
    discard,
    seal: (options) => contentDigest(files, options),
    async publish(card) {
      await writeFile(join(result, 'card.json'), cardText(card))
      if (replace || (await isBroken(object))) await moveAway(object, join(folder, 'replaced'))
      if (await renameUnlessThere(result, object)) {
        await writeStamp(object, await stamp(join(object, 'files')))
        await noteUse(object)
      }
      await discard()
      // Where another build was faster, its card goes with its files.
      return found(object, await readCard(object), card.key) ?? { ...card, folder: join(object, 'files') }
    },
  }
}

async function isBroken(object: string): Promise<boolean> {
  return existsSync(object) && typeof (await readCard(object)) !== 'object'
}

async function moveAway(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

async function renameUnlessThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    return false
  }
}
