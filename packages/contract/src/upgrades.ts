import { isKilnError } from './error.ts'
import { differingParts } from './name-check.ts'
import { type ParsedName, parseName } from './name-parse.ts'
import type { ImageIdentity } from './names.ts'
import { compareVersions, isPrerelease, parseVersion, type Version } from './versions.ts'

/** Another version of the image that runs. */
export interface Upgrade {
  /** As it was given. */
  readonly text: string
  readonly image: ImageIdentity
  readonly prerelease: boolean
}

/** Why something is not offered. Part of the interface. */
export const refusals = {
  'no-image': 'it is no image',
  'another-image': 'it is another image',
  'no-order': 'the version that runs cannot be compared',
  same: 'it is what runs',
  older: 'it is older',
  'older-kubernetes': 'its Kubernetes is older',
  'older-base': 'its distribution is older',
  prerelease: 'it is no release',
  double: 'another name of the same version is listed',
} as const
export type Refusal = keyof typeof refusals

export interface NotOffered {
  readonly text: string
  readonly why: Refusal
  /** What differs, or what is wrong with the name. */
  readonly detail?: string
}

export interface UpgradeList {
  /** The newest first. */
  readonly offered: readonly Upgrade[]
  readonly refused: readonly NotOffered[]
}

export interface UpgradeRules {
  /** Versions that are no releases, too. */
  readonly pre: boolean
  /** Older ones, too. */
  readonly all: boolean
}

/** Below 0 where the candidate is older. */
interface Orders {
  readonly version: number
  readonly kubernetes: number
  readonly base: number
}

interface Candidate extends Upgrade {
  readonly orders: Orders
  /** Written as Kiln would. */
  readonly plain: boolean
}

/**
 * What of a list can be offered to a node as a newer version of its image: the same flavor, release, variant, architecture, device and
 * Kubernetes distribution, and nothing in it older. A release of a distribution that rolls on may be newer.
 * @param texts tags of the repository of the image, or any names of images
 */
export function listUpgrades(
  running: ImageIdentity,
  texts: readonly string[],
  { pre, all }: UpgradeRules,
  read: (text: string) => ParsedName = (text) => parseName(text, { kind: 'tag', like: running }),
): UpgradeList {
  const offered: Candidate[] = []
  const refused: NotOffered[] = []
  for (const text of texts) {
    const judged = judge(running, text, { pre, all }, read)
    if ('why' in judged) refused.push(judged)
    else offered.push(judged)
  }
  const sorted = offered.toSorted(newestFirst)
  const doubles = sorted.filter((one, index) => {
    const before = sorted[index - 1]
    return before !== undefined && differingParts(before.image, one.image).length === 0
  })
  return {
    offered: sorted
      .filter((one) => !doubles.includes(one))
      .map(({ text, image, prerelease }) => ({ text, image, prerelease })),
    refused: [...refused, ...doubles.map(({ text }) => ({ text, why: 'double' }) as const)],
  }
}

function judge(
  running: ImageIdentity,
  text: string,
  { pre, all }: UpgradeRules,
  read: (text: string) => ParsedName,
): Candidate | NotOffered {
  let name: ParsedName
  try {
    name = read(text)
  } catch (error) {
    if (isKilnError(error)) return { text, why: 'no-image', detail: error.message }
    throw error
  }
  const { image } = name
  if (name.ending !== '' || name.companions.length > 0) {
    return { text, why: 'no-image', detail: `${name.ending}${name.companions.join('')}` }
  }
  const others = foreignParts(running, image)
  if (others.length > 0) return { text, why: 'another-image', detail: others.join(', ') }
  const orders = compareImages(running, image)
  if (!orders) return all ? candidate(text, name, none) : { text, why: 'no-order', detail: running.version }
  const why = refusalOf(orders, all) ?? (pre || !isUnreleased(image) ? undefined : 'prerelease')
  return why ? { text, why } : candidate(text, name, orders)
}

const none: Orders = { version: 0, kubernetes: 0, base: 0 }

function candidate(text: string, { image, spelling }: ParsedName, orders: Orders): Candidate {
  return { text, image, prerelease: isUnreleased(image), orders, plain: spelling === undefined }
}

function refusalOf({ version, kubernetes, base }: Orders, all: boolean): Refusal | undefined {
  if (version === 0 && kubernetes === 0 && base === 0) return 'same'
  if (all) return undefined
  // A newer system with an older Kubernetes would take the cluster back.
  if (kubernetes < 0) return 'older-kubernetes'
  if (version < 0) return 'older'
  return base < 0 ? 'older-base' : undefined
}

/** How the second stands to the first, where both are of one family; undefined where a version has no order. */
function compareImages(from: ImageIdentity, to: ImageIdentity): Orders | undefined {
  const base = compareBases(from.flavorRelease, to.flavorRelease) ?? 0
  const version = compareTexts(from.version, to.version)
  const kubernetes = compareTexts(from.kubernetes?.version, to.kubernetes?.version)
  return version === undefined || kubernetes === undefined ? undefined : { version, kubernetes, base }
}

function compareTexts(from: string | undefined, to: string | undefined): number | undefined {
  if (from === undefined && to === undefined) return 0
  const [older, newer] = [parseVersion(from ?? ''), parseVersion(to ?? '')]
  return older && newer ? compareVersions(newer, older) : undefined
}

/**
 * Releases of a distribution that moves on under one name: `tumbleweed-20260105` by its date, Hadron's `v0.5.1` by its version, within
 * a major one. Of all others, each is a distribution of its own. @returns undefined where they are
 */
export function compareBases(from: string, to: string): number | undefined {
  if (from === to) return 0
  const [a, b] = [from, to].map((text) => text.match(/^(.*)-(\d{8})$/))
  if (a && b) return a[1] === b[1] ? Number(b[2]) - Number(a[2]) : undefined
  const [old, other] = [baseVersion(from), baseVersion(to)]
  return old && other && old.core[0] === other.core[0] ? compareVersions(other, old) : undefined
}

function baseVersion(release: string): Version | undefined {
  return release.startsWith('v') ? parseVersion(release) : undefined
}

function isUnreleased({ version, kubernetes, flavorRelease }: ImageIdentity): boolean {
  const versions = [
    parseVersion(version),
    parseVersion(kubernetes?.version ?? ''),
    baseVersion(flavorRelease),
  ]
  return versions.some((each) => each && isPrerelease(each))
}

function newestFirst(one: Candidate, other: Candidate): number {
  const [a, b] = [one.image, other.image]
  return (
    (compareTexts(a.version, b.version) ?? 0) ||
    (compareTexts(a.kubernetes?.version, b.kubernetes?.version) ?? 0) ||
    (compareBases(a.flavorRelease, b.flavorRelease) ?? 0) ||
    Number(other.plain) - Number(one.plain)
  )
}

export interface ImageComparison {
  /** Parts in which they are different images; empty where one can follow the other. */
  readonly differs: readonly string[]
  /** What the second is for the first; `mixed`: newer in one part and older in another. */
  readonly order: 'same' | 'newer' | 'older' | 'mixed' | 'unknown'
}

/** How the second image stands to the first. */
export function compareNames(from: ImageIdentity, to: ImageIdentity): ImageComparison {
  const orders = compareImages(from, to)
  return { differs: foreignParts(from, to), order: orders ? wordOf(Object.values(orders)) : 'unknown' }
}

/** What may not change from one version of an image to the next. */
function foreignParts(from: ImageIdentity, to: ImageIdentity): string[] {
  const rolls = compareBases(from.flavorRelease, to.flavorRelease) !== undefined
  const may = ['version', 'kubernetesVersion', ...(rolls ? ['flavorRelease'] : [])]
  return differingParts(from, to).filter((part) => !may.includes(part))
}

function wordOf(orders: readonly number[]): ImageComparison['order'] {
  const [newer, older] = [orders.some((each) => each > 0), orders.some((each) => each < 0)]
  if (newer && older) return 'mixed'
  return newer ? 'newer' : older ? 'older' : 'same'
}
