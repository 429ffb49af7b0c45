/**
 * Which of several kernels an image runs: the newest by real version order, where every run of digits is a number.
 * On a Raspberry Pi those made for it go first.
 */
export function chooseKernel(versions: readonly string[], device: string): string | undefined {
  const suited = device.startsWith('rpi') ? versions.filter((version) => /[-.]r(aspi|pi)/.test(version)) : []
  const candidates = suited.length > 0 ? suited : versions
  return candidates.toSorted(compareKernelVersions).at(-1)
}

/** Below zero where `a` is older. `6.8.0-9-generic` < `6.8.0-10-generic`; names without a digit sort before all others. */
export function compareKernelVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = comparePart(left[index], right[index])
    if (order !== 0) return order
  }
  return a < b ? -1 : a > b ? 1 : 0
}

type Part = number | string

function parts(version: string): Part[] {
  if (!/^\d/.test(version)) return ['', version]
  return (version.match(/\d+|[A-Za-z]+/g) ?? []).map((part) => (/^\d/.test(part) ? Number(part) : part))
}

function comparePart(a: Part | undefined, b: Part | undefined): number {
  const order = rank(a) - rank(b)
  if (order !== 0) return order
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return (a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0
}

/** `6.12-rc1` comes before `6.12`, `6.12.1` after it. */
function rank(part: Part | undefined): number {
  if (part === undefined) return 1
  if (typeof part === 'number') return 3
  return part === 'rc' ? 0 : 2
}
