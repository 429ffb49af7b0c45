import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { takeLock } from '../tools/flock.ts'
import { removeTree } from './remove-tree.ts'

/**
 * A build that uses the cache, known to others by a locked file in `sessions/`. The lock ends with the process, however
 * that ends, so nobody has to guess from process ids which builds are still there.
 */
export interface BuildSession {
  readonly id: string
  close(): Promise<void>
}

export interface LiveSession {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly since: number
}

const folderOf = (cache: string) => join(cache, 'sessions')

export async function openSession(cache: string): Promise<BuildSession> {
  await mkdir(folderOf(cache), { recursive: true })
  for (;;) {
    const id = `${Date.now().toString(36)}-${randomBytes(4).toString('hex')}`
    const file = join(folderOf(cache), id)
    await writeFile(file, '')
    const lock = await takeLock(file)
    // Someone who looked before it was locked took it for an abandoned one.
    if (!lock || !existsSync(file)) continue
    return {
      id,
      async close() {
        await rm(file, { force: true })
        await lock.release()
      },
    }
  }
}

/** The lock of a build that was just killed is free a moment later. */
const graceMs = 100

/** The builds that are running now. Forgets those that are gone. */
export async function liveSessions(cache: string): Promise<LiveSession[]> {
  const names = await readdir(folderOf(cache)).catch(() => [])
  const looked = await Promise.all(names.map((id) => lookAt(join(folderOf(cache), id), id)))
  return looked.filter((session) => session !== undefined)
}

async function lookAt(file: string, id: string): Promise<LiveSession | undefined> {
  const facts = await stat(file).catch(() => undefined)
  if (!facts) return undefined
  const lock = await takeLock(file, { waitMs: graceMs })
  if (!lock) return { id, since: facts.mtimeMs }
  await rm(file, { force: true })
  await lock.release()
  return undefined
}

/** A name for a folder in `drafts/` that says whose it is. */
export function draftName(session: string, key: string): string {
  return `${session}.${key.slice(0, 16)}.${randomBytes(4).toString('hex')}`
}

/** Removes the drafts of builds that are gone: what a killed one left behind. */
export async function sweepDrafts(cache: string): Promise<void> {
  const drafts = join(cache, 'drafts')
  // In this order: a build that starts in between has no draft in the list.
  const names = await readdir(drafts).catch(() => [])
  if (names.length === 0) return
  const live = new Set((await liveSessions(cache)).map(({ id }) => id))
  for (const name of names) {
    if (!live.has(name.split('.')[0] ?? '')) await removeTree(join(drafts, name))
  }
}
