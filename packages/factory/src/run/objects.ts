import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ResultCard, readCard } from './card.ts'
import { type Stamp, stamp } from './content.ts'
import { readStamp } from './store.ts'

export interface CachedObject {
  readonly key: string
  readonly folder: string
  /** Or why it can never be used: another version of Kiln wrote the card, or it is not what was written. */
  readonly card: ResultCard | 'outdated' | 'damaged'
  readonly entries: number
  /** Bytes of its files; a file that two objects share by a hard link counts for both. */
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly made: number
  readonly used: number
}

/** Everything in the cache, the longest unused first. */
export async function listObjects(cache: string): Promise<CachedObject[]> {
  const objects = join(cache, 'objects')
  const keys = await readdir(objects).catch(() => [])
  const read = await Promise.all(keys.map((key) => readObject(join(objects, key), key)))
  return read.filter((object) => object !== undefined).sort((a, b) => a.used - b.used)
}

/** Another process may remove it at any moment; then it is not there. */
async function readObject(folder: string, key: string): Promise<CachedObject | undefined> {
  const about = await stat(folder).catch(() => undefined)
  if (!about) return undefined
  const card = await readCard(folder)
  const used = (await stat(join(folder, 'used')).catch(() => about)).mtimeMs
  const { bytes, entries } = (await readStamp(folder)) ?? (await stampOrNothing(folder))
  const made = madeAt(card) ?? about.mtimeMs
  return { key, folder, card: card === 'missing' ? 'damaged' : card, bytes, entries, made, used }
}

async function stampOrNothing(folder: string): Promise<Pick<Stamp, 'bytes' | 'entries'>> {
  return stamp(join(folder, 'files')).catch(() => ({ bytes: 0, entries: 0 }))
}

function madeAt(card: unknown): number | undefined {
  const made = typeof card === 'object' ? Date.parse((card as ResultCard).made) : Number.NaN
  return Number.isNaN(made) ? undefined : made
}

/** All cards of a cache, the newest first: for comparing with what a step was before. */
export async function listCards(cache: string): Promise<ResultCard[]> {
  const objects = join(cache, 'objects')
  const keys = await readdir(objects).catch(() => [])
  const cards = await Promise.all(keys.map((key) => readCard(join(objects, key))))
  return cards.filter((card) => typeof card === 'object').sort((a, b) => (a.made < b.made ? 1 : -1))
}

/** Bytes of what else is in the cache folder: `drafts`, and whatever other parts keep there. */
export async function otherFolders(cache: string): Promise<{ name: string; bytes: number }[]> {
  const entries = await readdir(cache, { withFileTypes: true }).catch(() => [])
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const others = names.filter((name) => !['objects', 'locks', 'sessions'].includes(name)).sort()
  return Promise.all(others.map(async (name) => ({ name, bytes: (await stamp(join(cache, name))).bytes })))
}
