import { isDeepStrictEqual } from 'node:util'
import { type Change, comparePackages, type PackageChanges } from '@kiln/contract'
import type { Lock, LockedPackage, PackageSet } from '../lock/lock.ts'

/** What another lock takes. What stays the same is not there. */
export interface LockDiff {
  readonly kind: 'lock'
  /** Version of Kiln that resolved it. */
  readonly kiln?: Change
  readonly sets: readonly SetDiff[]
  readonly bases: readonly BaseDiff[]
  /** Bytes of the package files that the first lock does not name. */
  readonly download: number
}

export interface SetDiff {
  /** Sets in which the same changed. */
  readonly names: readonly string[]
  readonly state: 'added' | 'removed' | 'changed'
  readonly packages: PackageChanges
  /** Packages of the same version whose file is another one. */
  readonly rebuilt: readonly string[]
  /** Newest date of the archives, as `2026-11-27`. */
  readonly date?: Change
  /** What is asked for, where it is something else; `-name` is a package to leave out. */
  readonly asked?: { readonly more: readonly string[]; readonly less: readonly string[] }
}

export interface BaseDiff {
  readonly name: string
  /** Source and digest; `none` where there is none. */
  readonly from: string
  readonly to: string
}

export function diffLocks(from: Lock, to: Lock): LockDiff {
  const names = [...new Set([...Object.keys(from.sets), ...Object.keys(to.sets)])].toSorted()
  const sets = names.flatMap((name) => diffSets(name, from.sets[name], to.sets[name]) ?? [])
  return {
    kind: 'lock',
    ...(from.kiln === to.kiln ? {} : { kiln: { from: from.kiln, to: to.kiln } }),
    sets: grouped(sets),
    bases: diffBases(from.bases, to.bases),
    download: newBytes(filesOf(from), filesOf(to)),
  }
}

function diffSets(name: string, from?: PackageSet, to?: PackageSet): SetDiff | undefined {
  if (isDeepStrictEqual(from, to)) return undefined
  const [before, after] = [from?.packages ?? [], to?.packages ?? []]
  const date = { from: dateOf(from), to: dateOf(to) }
  return {
    names: [name],
    state: from ? (to ? 'changed' : 'removed') : 'added',
    packages: comparePackages(before, after),
    rebuilt: rebuilt(before, after),
    ...(from && to && date.from !== date.to ? { date } : {}),
    ...(from && to && !isDeepStrictEqual(from.request, to.request) ? { asked: diffRequests(from, to) } : {}),
  }
}

function diffRequests(from: PackageSet, to: PackageSet): Required<SetDiff>['asked'] {
  const [before, after] = [wordsOf(from), wordsOf(to)]
  return {
    more: after.filter((word) => !before.includes(word)),
    less: before.filter((word) => !after.includes(word)),
  }
}

function wordsOf({ request }: PackageSet): string[] {
  const { suite, arch, components = [], keyring, include, exclude } = request
  const other = [suite, arch, ...components, ...(keyring === undefined ? [] : [keyring])]
  return [...other, ...include, ...exclude.map((name) => `-${name}`)]
}

/** Sets of several images move together: one entry for all that changed alike. */
function grouped(sets: readonly SetDiff[]): SetDiff[] {
  const groups = Map.groupBy(sets, ({ names: _, ...same }) => JSON.stringify(same))
  return [...groups.values()].flatMap(([first, ...others]) =>
    first ? [{ ...first, names: [first, ...others].flatMap(({ names }) => names) }] : [],
  )
}

function rebuilt(before: readonly LockedPackage[], after: readonly LockedPackage[]): string[] {
  const key = ({ name, version, architecture }: LockedPackage) => `${name} ${version} ${architecture}`
  const hashes = new Map(before.map((each) => [key(each), each.sha256]))
  return after
    .filter((each) => (hashes.get(key(each)) ?? each.sha256) !== each.sha256)
    .map(({ name }) => name)
}

function dateOf(set: PackageSet | undefined): string {
  return set ? new Date(set.epoch * 1000).toISOString().slice(0, 10) : 'none'
}

function diffBases(from: Lock['bases'], to: Lock['bases']): BaseDiff[] {
  const text = (base: Lock['bases'][string] | undefined) => (base ? `${base.source} ${base.digest}` : 'none')
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .toSorted()
    .map((name) => ({ name, from: text(from[name]), to: text(to[name]) }))
    .filter((base) => base.from !== base.to)
}

function filesOf({ sets }: Lock): ReadonlyMap<string, number> {
  return new Map(
    Object.values(sets).flatMap(({ packages }) =>
      packages.map(({ sha256, size }) => [sha256, size] as const),
    ),
  )
}

function newBytes(from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>): number {
  return [...to].reduce((sum, [hash, size]) => sum + (from.has(hash) ? 0 : size), 0)
}
