import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where the benchmark keeps what it needs between runs. All on one disk, so that all contenders write to the same. */
export interface Workspace {
  /** A copy of the definition, for its lock to lie beside. */
  readonly definition: string
  /** Kiln's cache. */
  readonly cache: string
  readonly out: string
  /** Root file system with the peers' programs. */
  readonly peers: string
  /** The unpacked root that all pack. */
  readonly root: string
  /** Boot files, package files, the peers' own caches. */
  readonly boot: string
  /** Where a peer works; empty at the start of each run. */
  readonly work: string
}

export const checkout = join(import.meta.dirname, '..')

export function openWorkspace(quick: boolean): Workspace {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const shared = join(cache, 'kiln-bench')
  const folder = join(shared, quick ? 'quick' : 'whole')
  const place = (name: string) => join(folder, name)
  for (const name of ['definition', 'cache', 'boot']) mkdirSync(place(name), { recursive: true })
  return {
    definition: place('definition'),
    cache: place('cache'),
    out: place('out'),
    peers: join(shared, 'peers'),
    root: place('root'),
    boot: place('boot'),
    work: place('work'),
  }
}

export function empty(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
}

/** A result in Kiln's store. */
export interface StoredObject {
  readonly object: string
  /** Folder with its files. */
  readonly folder: string
  readonly kind: string
  readonly step: string
  readonly title: string
  readonly facts: Readonly<Record<string, unknown>>
  /** How long it took to make. */
  readonly ms: number
  /** When a build last wanted it. */
  readonly used: number
}

/** What the store holds, the last used first. */
export function storedObjects({ cache }: Workspace): StoredObject[] {
  const folder = join(cache, 'objects')
  const names = existsSync(folder) ? readdirSync(folder) : []
  const objects = names.map((name): StoredObject => {
    const object = join(folder, name)
    const card = JSON.parse(readFileSync(join(object, 'card.json'), 'utf8')) as Omit<StoredObject, 'kind'> & {
      fingerprint: { kind: string }
    }
    const used = statSync(join(object, 'used')).mtimeMs
    const { step, title, facts, ms } = card
    return {
      object,
      folder: join(object, 'files'),
      kind: card.fingerprint.kind,
      step,
      title,
      facts,
      ms,
      used,
    }
  })
  return objects.toSorted((a, b) => b.used - a.used)
}

/** The result that the last build took for a kind of step. */
export function lastResult(workspace: Workspace, kind: string): StoredObject {
  const found = storedObjects(workspace).find((object) => object.kind === kind)
  if (!found) throw new Error(`the cache has no ${kind}`)
  return found
}

/** Takes results out of the store, as if they had never been made. */
export function forget(workspace: Workspace, which: (object: StoredObject) => boolean): void {
  for (const found of storedObjects(workspace).filter(which)) rmSync(found.object, { recursive: true })
}
