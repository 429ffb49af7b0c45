import * as z from 'zod/mini'
import type { Payload } from './payload.ts'

/** packages.json of a payload, as far as it is compared. */
const PackageList = z.object({
  packages: z.array(z.object({ name: z.string(), version: z.string(), architecture: z.string() })),
})
export type InstalledPackage = z.infer<typeof PackageList>['packages'][number]

/** Undefined where the text is no list of packages. */
export function parsePackages(text: string): readonly InstalledPackage[] | undefined {
  try {
    return z.parse(PackageList, JSON.parse(text)).packages
  } catch {
    return undefined
  }
}

export interface Change {
  readonly from: string
  readonly to: string
}

export interface PackageChanges {
  readonly added: readonly { readonly name: string; readonly version: string }[]
  readonly removed: readonly { readonly name: string; readonly version: string }[]
  readonly changed: readonly (Change & { readonly name: string })[]
}

/** What another payload brings. A part that stays the same is not there. */
export interface Changes {
  readonly version?: Change
  readonly kernel?: Change
  readonly agent?: Change
  readonly bootLoader?: Change
  /** `k3s v1.30.2+k3s1`, or `none`. */
  readonly kubernetes?: Change
  readonly cmdline?: Change
  /** Undefined where one of the lists is not known. */
  readonly packages?: PackageChanges
}

export interface Described {
  readonly payload: Payload
  readonly packages: readonly InstalledPackage[] | undefined
}

export function changesBetween(from: Described, to: Described): Changes {
  const parts = {
    version: pair(from.payload.image.version, to.payload.image.version),
    kernel: pair(from.payload.kernel.version, to.payload.kernel.version),
    agent: pair(from.payload.agent.version, to.payload.agent.version),
    bootLoader: pair(from.payload.bootLoader.version, to.payload.bootLoader.version),
    kubernetes: pair(kubernetesText(from.payload), kubernetesText(to.payload)),
    cmdline: pair(ownWords(from.payload), ownWords(to.payload)),
  }
  const changed = Object.entries(parts).filter(([, change]) => change.from !== change.to)
  const packages = from.packages && to.packages && comparePackages(from.packages, to.packages)
  return { ...Object.fromEntries(changed), ...(packages ? { packages } : {}) }
}

function pair(from: string, to: string): Change {
  return { from, to }
}

function kubernetesText({ kubernetes }: Payload): string {
  return kubernetes ? `${kubernetes.distribution} ${kubernetes.version}` : 'none'
}

/** The root hash is another one in any case. */
function ownWords({ cmdline }: Payload): string {
  return cmdline
    .split(' ')
    .filter((word) => !/^kiln\.(roothash|hashoffset)=/.test(word))
    .join(' ')
}

/** A package goes by its name, and by its architecture where that is there twice. */
export function comparePackages(
  from: readonly InstalledPackage[],
  to: readonly InstalledPackage[],
): PackageChanges {
  const [before, after] = [byName(from, to), byName(to, from)]
  const items = (list: ReadonlyMap<string, string>, without: ReadonlyMap<string, string>) =>
    [...list].filter(([name]) => !without.has(name)).map(([name, version]) => ({ name, version }))
  const changed = [...after].flatMap(([name, version]) => {
    const old = before.get(name)
    return old === undefined || old === version ? [] : [{ name, from: old, to: version }]
  })
  return { added: items(after, before), removed: items(before, after), changed }
}

function byName(
  list: readonly InstalledPackage[],
  other: readonly InstalledPackage[],
): ReadonlyMap<string, string> {
  const names = (packages: readonly InstalledPackage[]) => packages.map(({ name }) => name)
  const twice = new Set([...duplicates(names(list)), ...duplicates(names(other))])
  const key = ({ name, architecture }: InstalledPackage) =>
    twice.has(name) ? `${name}:${architecture}` : name
  return new Map(list.map((each) => [key(each), each.version]))
}

function duplicates(names: readonly string[]): string[] {
  const seen = new Set<string>()
  return names.filter((name) => seen.size === seen.add(name).size)
}
