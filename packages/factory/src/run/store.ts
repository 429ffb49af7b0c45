import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Fingerprint } from '../plan/fingerprint.ts'
import { removeTree } from './remove-tree.ts'

/** What is known of a finished step, beside its files. */
export interface ResultCard<Facts = unknown> {
  readonly key: string
  readonly fingerprint: Fingerprint
  /** Digest of the result, which goes into the keys of the steps that take it. */
  readonly digest: string
  readonly facts: Facts
  readonly ms: number
}

export interface StoredResult<Facts = unknown> extends ResultCard<Facts> {
  /** Folder with the step's files. Never written again. */
  readonly folder: string
}

/**
 * Results of steps by content key: `objects/<key>/{card.json,files/}`. A result appears by one rename, whole or not at
 * all; two builds that make the same one do no harm, the second throws its copy away.
 */
export interface Store {
  find(key: string): Promise<StoredResult | undefined>
  /** A new empty folder, to be filled and then published or discarded. With `replace`, it takes the place of an older result. */
  begin(key: string, replace?: boolean): Promise<Draft>
}

export interface Draft {
  readonly files: string
  /** For what is needed only while the step runs; on the same file system as the files. */
  readonly scratch: string
  publish(card: ResultCard): Promise<StoredResult>
  discard(): Promise<void>
}

export function openStore(folder: string): Store {
  const objects = join(folder, 'objects')
  const drafts = join(folder, 'drafts')
  return {
    find: (key) => findResult(join(objects, key)),
    begin: (key, replace = false) => beginDraft(drafts, join(objects, key), key, replace),
  }
}

/** A card that cannot be read makes its result one that is not there. */
async function findResult(folder: string): Promise<StoredResult | undefined> {
  try {
    const card = JSON.parse(await readFile(join(folder, 'card.json'), 'utf8')) as ResultCard
    return { ...card, folder: join(folder, 'files') }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

async function beginDraft(drafts: string, object: string, key: string, replace: boolean): Promise<Draft> {
  const folder = join(drafts, `${key.slice(0, 16)}-${process.pid}-${randomBytes(4).toString('hex')}`)
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
    publish: async (card) => {
      await writeDurably(join(result, 'card.json'), `${JSON.stringify(card, undefined, 2)}\n`)
      if (replace || (await isBroken(object))) await moveAway(object, join(folder, 'replaced'))
      await renameUnlessThere(result, object)
      await discard()
      // Where another build was faster, its card goes with its files.
      return (await findResult(object)) ?? { ...card, folder: join(object, 'files') }
    },
  }
}

async function isBroken(object: string): Promise<boolean> {
  return existsSync(object) && (await findResult(object)) === undefined
}

async function moveAway(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Drafts of processes that are gone: what an interrupted build left behind. */
export async function sweepDrafts(folder: string): Promise<void> {
  const drafts = join(folder, 'drafts')
  const names = await readdir(drafts).catch(() => [])
  for (const name of names) {
    const pid = Number(name.split('-')[1])
    if (!isAlive(pid)) await removeTree(join(drafts, name))
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
