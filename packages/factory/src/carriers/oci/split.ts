import { createHash } from 'node:crypto'
import { byBytes, type Entry, parentOf } from './layer-list.ts'
import type { Owners } from './owners.ts'

/** A part of a root that becomes a layer of its own. */
export interface Part {
  /** `kernel`, `systemd`, `others-3`, `state`. */
  readonly name: string
  /** Members with the folders that lead to them, parents first. */
  readonly members: readonly string[]
  /** Of its files, about: names of one file count each. */
  readonly bytes: number
}

/** From this size on, what one source package brings is a layer of its own. */
const largeBytes = 8 * 2 ** 20

/** Into so many layers go all that are smaller. Docker keeps at most 127 layers of an image. */
const bins = 8
const mostLarge = 60

const kernelFolders = /^(?:boot|usr\/lib\/modules|lib\/modules)(?:\/|$)/
/** What package managers and their scripts write; differs with any package. */
const stateFolders = /^(?:var|etc|root)(?:\/|$)/

/**
 * Divides a root so that what does not change between two releases keeps its layers: what comes from one source package
 * stays together, and where it goes depends on its name alone, so that one more package moves no other. Files that no
 * package has go by their folder, or to `state`. Folders come along in each part that has something below them.
 * @param owners without, everything goes by its folder
 */
export function splitRoot(entries: readonly Entry[], owners: Owners | undefined): Part[] {
  const groups = groupFiles(entries, owners)
  const bytes = new Map<string, number>()
  for (const { path, size, kind } of entries) {
    const group = groups.get(path)
    if (group !== undefined && kind === 'f') bytes.set(group, (bytes.get(group) ?? 0) + size)
  }
  const large = new Set(
    [...bytes]
      .filter(([, size]) => size >= largeBytes)
      .sort(([a, x], [b, y]) => y - x || byBytes(a, b))
      .slice(0, mostLarge)
      .map(([group]) => group),
  )
  const members = new Map<string, Set<string>>()
  const sizes = new Map<string, number>()
  const files = new Map(entries.map(({ path, size }) => [path, size]))
  for (const [path, group] of groups) {
    const name = isOwn(group, large) ? group : `others-${binOf(group)}`
    const part = members.get(name) ?? new Set()
    members.set(name, part)
    sizes.set(name, (sizes.get(name) ?? 0) + (files.get(path) ?? 0))
    for (let each = path; each !== '' && !part.has(each); each = parentOf(each)) part.add(each)
  }
  return [...members]
    .map(([name, paths]) => ({ name, members: [...paths].sort(byBytes), bytes: sizes.get(name) ?? 0 }))
    .sort((a, b) => rank(a.name) - rank(b.name) || byBytes(a.name, b.name))
}

/** Everything that is no folder, and the folders that nothing is in: path → what it belongs to. */
function groupFiles(entries: readonly Entry[], owners: Owners | undefined): Map<string, string> {
  const filled = new Set(entries.map(({ path }) => parentOf(path)))
  const byInode = new Map<string, string>()
  const groups = new Map<string, string>()
  for (const { path, kind, inode } of entries.toSorted((a, b) => byBytes(a.path, b.path))) {
    if (kind === 'd' && filled.has(path)) continue
    // A hard link works within a layer only.
    const group = (kind === 'f' ? byInode.get(inode) : undefined) ?? groupOf(path, owners)
    if (kind === 'f') byInode.set(inode, group)
    groups.set(path, group)
  }
  return groups
}

function groupOf(path: string, owners: Owners | undefined): string {
  if (kernelFolders.test(path)) return 'kernel'
  const owner = owners?.files.get(path)
  if (owner !== undefined) return /^linux(?:-signed.*|-[0-9.]+)?$/.test(owner) ? 'kernel' : owner
  if (stateFolders.test(path) || parentOf(path) === '') return 'state'
  return parentOf(path).split('/').slice(0, 4).join('-')
}

function isOwn(group: string, large: ReadonlySet<string>): boolean {
  return group === 'kernel' || group === 'state' || large.has(group)
}

function binOf(group: string): number {
  return (createHash('sha256').update(group).digest()[0] ?? 0) % bins
}

/** What changes most often comes last: some tools keep a layer only together with all that lie below it. */
function rank(name: string): number {
  return name === 'state' ? 3 : name === 'kernel' ? 2 : name.startsWith('others-') ? 1 : 0
}
