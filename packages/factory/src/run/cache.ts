import { existsSync, readdirSync, rmSync } from 'node:fs'
import { mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { takeLock } from '../tools/flock.ts'
import { limiter } from './limiter.ts'
import { type CachedObject, listObjects } from './objects.ts'
import { removeTree } from './remove-tree.ts'
import { draftName, liveSessions, openSession, sweepDrafts } from './sessions.ts'
import { hasContent, throwAway } from './store.ts'

export interface PruneRules {
  /** Remove what was not used for so many milliseconds. */
  readonly olderThanMs?: number
  /** Remove the longest unused until no more bytes than this are left. */
  readonly keepBytes?: number
  readonly all?: boolean
}

export interface PruneChoice {
  readonly remove: readonly CachedObject[]
  /** What the rules would remove, but a running build may use. */
  readonly held: readonly CachedObject[]
}

/**
 * Chooses what to remove, the longest unused first. Pure.
 * @param heldSince start of the oldest running build: what was used since then may be in use
 */
export function choosePruned(
  objects: readonly CachedObject[],
  rules: PruneRules,
  { now, heldSince = Number.POSITIVE_INFINITY }: { readonly now: number; readonly heldSince?: number },
): PruneChoice {
  const byUse = objects.toSorted((a, b) => a.used - b.used)
  const free = byUse.filter(({ used }) => used < heldSince)
  let left = sizeOf(objects)
  const remove = free.filter((object) => {
    const old = rules.olderThanMs !== undefined && now - object.used > rules.olderThanMs
    const tooMuch = rules.keepBytes !== undefined && left > rules.keepBytes
    const gone = rules.all || old || tooMuch
    if (gone) left -= object.bytes
    return gone
  })
  const held = rules.all ? byUse.filter(({ used }) => used >= heldSince) : []
  return { remove, held }
}

export function sizeOf(objects: readonly CachedObject[]): number {
  return objects.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** What {@link prune} would remove now. */
export async function planPrune(cache: string, rules: PruneRules): Promise<PruneChoice> {
  return choosePruned(await listObjects(cache), rules, { now: Date.now(), ...(await heldSince(cache)) })
}

async function heldSince(cache: string): Promise<{ heldSince?: number }> {
  const live = await liveSessions(cache)
  return live.length === 0 ? {} : { heldSince: Math.min(...live.map(({ since }) => since)) }
}

/** Removes what the rules say, and what builds that are gone left behind. @returns what is gone now */
export async function prune(cache: string, rules: PruneRules): Promise<PruneChoice> {
  const choice = await planPrune(cache, rules)
  await sweepDrafts(cache)
  const session = await openSession(cache)
  const removed: CachedObject[] = []
  try {
    for (const object of choice.remove)
      if (await removeUnused(cache, object, session.id)) removed.push(object)
  } finally {
    await session.close()
  }
  await forgetLocks(cache)
  return { ...choice, remove: removed }
}

/** A build may have begun to use it since it was chosen; then it goes back to its place. */
async function removeUnused(cache: string, object: CachedObject, session: string): Promise<boolean> {
  const draft = join(cache, 'drafts', draftName(session, object.key))
  const away = join(draft, 'replaced')
  await mkdir(draft, { recursive: true })
  try {
    await rename(object.folder, away)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await removeTree(draft)
    return false
  }
  const used = await stat(join(away, 'used')).catch(() => undefined)
  const taken = used !== undefined && used.mtimeMs > object.used
  if (taken) await rename(away, object.folder)
  await removeTree(draft)
  return !taken
}

/** Lock files of results that are gone, where nobody holds them. */
async function forgetLocks(cache: string): Promise<void> {
  const folder = join(cache, 'locks')
  if (!existsSync(folder)) return
  for (const key of readdirSync(folder)) {
    if (existsSync(join(cache, 'objects', key))) continue
    const lock = await takeLock(join(folder, key), { waitMs: 0 })
    if (lock) rmSync(join(folder, key), { force: true })
    await lock?.release()
  }
}

export interface Verified {
  readonly object: CachedObject
  readonly state: 'intact' | 'outdated' | 'damaged'
}

export interface VerifyOptions {
  /** Remove what is damaged or outdated. */
  readonly repair: boolean
  readonly signal: AbortSignal
  readonly onDone?: (verified: Verified) => void
}

/** Reads everything in the cache and compares it with its digests. About 0.6 GiB a second. */
export async function verifyCache(cache: string, options: VerifyOptions): Promise<Verified[]> {
  const objects = await listObjects(cache)
  const session = await openSession(cache)
  const slots = limiter(2)
  try {
    return await Promise.all(
      objects.map((object) =>
        slots(async () => {
          options.signal.throwIfAborted()
          const state = await stateOf(object)
          if (state !== 'intact' && options.repair) {
            await throwAway(object.folder, join(cache, 'drafts', draftName(session.id, object.key)))
          }
          const verified = { object, state }
          options.onDone?.(verified)
          return verified
        }),
      ),
    )
  } finally {
    await session.close()
  }
}

async function stateOf({ card, folder }: CachedObject): Promise<Verified['state']> {
  if (typeof card === 'string') return card
  if (await hasContent(folder, card)) return 'intact'
  // Removed by somebody else in the meantime: that is no damage.
  return existsSync(folder) ? 'damaged' : 'intact'
}
