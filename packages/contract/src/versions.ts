/**
 * Versions of images, and their order: Semantic Versioning 2.0 with a leading `v`, and what `git describe` makes of one
 * between two releases: `v1.0.0-10-g1234abc`, ten commits after v1.0.0 and therefore newer.
 */
export interface Version {
  readonly text: string
  readonly core: readonly [major: number, minor: number, patch: number]
  readonly pre: readonly (string | number)[]
  /** Commits since that version. */
  readonly commits: number
  /** What stands behind `+`. Counts only between versions that are equal otherwise. */
  readonly build: readonly (string | number)[]
}

const words = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*'
const grammar = new RegExp(`^v?(\\d{1,15})\\.(\\d{1,15})\\.(\\d{1,15})(?:-(${words}))?(?:\\+(${words}))?$`)

export function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch, tail = '', build = ''] = text.match(grammar) ?? []
  if (major === undefined) return undefined
  const [, before = tail, commits = '0'] = tail.match(/^(?:(.*)-)?(\d+)-g[0-9a-f]{7,}$/) ?? []
  return {
    text,
    core: [Number(major), Number(minor), Number(patch)],
    pre: identifiers(commits === '0' ? tail : before === tail ? '' : before),
    commits: Number(commits),
    build: identifiers(build),
  }
}

/** Where a text stops being a version: an offset, its length where something is missing at the end. */
export function versionStop(text: string): number {
  const part = `[0-9A-Za-z-]*(?:\\.[0-9A-Za-z-]+)*`
  const beginning = new RegExp(`^v?\\d*(?:\\.\\d*(?:\\.\\d*(?:(?<=\\d)-${part})?(?:(?<=\\w)\\+${part})?)?)?`)
  return text.match(beginning)?.[0].length ?? 0
}

/**
 * What was probably meant by a text that is no version with a `v`: `1.0` is v1.0.0, and `24ca209`, which `git describe
 * --always` gives where there is no tag, v0.0.0-24ca209.
 */
export function suggestVersion(text: string): string | undefined {
  if (/^[0-9a-f]{7,40}$/.test(text) && /[a-f]/.test(text)) return `v0.0.0-${text}`
  const [, numbers = '', rest = ''] = text.match(/^v?(\d+(?:\.\d+){0,2})([-+].*)?$/) ?? []
  if (numbers === '') return undefined
  const [major = '0', minor = '0', patch = '0'] = numbers.split('.')
  const meant = `v${major}.${minor}.${patch}${rest}`
  return parseVersion(meant) ? meant : undefined
}

/** Not a release: a pre-release, or a state between two releases. */
export function isPrerelease({ pre, commits }: Version): boolean {
  return pre.length > 0 || commits > 0
}

/** Below 0 where `a` is older. */
export function compareVersions(a: Version, b: Version): number {
  for (const [index, number] of a.core.entries()) {
    const difference = number - (b.core[index] ?? 0)
    if (difference !== 0) return difference
  }
  return comparePre(a.pre, b.pre) || a.commits - b.commits || compareLists(a.build, b.build)
}

/** A release comes after all of its pre-releases. */
function comparePre(a: Version['pre'], b: Version['pre']): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length
  return compareLists(a, b)
}

function compareLists(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index]
    if (right === undefined) return 1
    const order = compareIdentifiers(left, right)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Numbers by value and before words; words by their characters, `RC` as `rc`. */
function compareIdentifiers(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') {
    const [left, right] = [a.toLowerCase(), b.toLowerCase()]
    return left < right ? -1 : left > right ? 1 : 0
  }
  return typeof a === 'number' ? -1 : 1
}

/** `rc1` and `k3s10` are split, so that 10 comes after 9. */
function identifiers(text: string): (string | number)[] {
  return text
    .split('.')
    .flatMap((part) => part.match(/\d+|[^\d]+/g) ?? [])
    .map((part) => (/^\d{1,15}$/.test(part) ? Number(part) : part))
}
