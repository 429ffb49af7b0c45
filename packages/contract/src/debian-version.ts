/**
 * Order of Debian's version numbers (Debian policy §5.6.12): `[epoch:]upstream[-revision]`, and `~` before everything, even
 * before the end. Below 0 where `a` is older.
 */
export function compareDebianVersions(a: string, b: string): number {
  const [left, right] = [split(a), split(b)]
  return (
    left.epoch - right.epoch ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  )
}

/** Versions of several packages, with blanks between: the first one that differs decides. */
export function compareVersionLists(a: string, b: string): number {
  const [left, right] = [a.split(' '), b.split(' ')]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = compareDebianVersions(left[index] ?? '', right[index] ?? '')
    if (order !== 0) return order
  }
  return 0
}

function split(version: string) {
  const [, epoch = '0', rest = version] = version.match(/^(\d+):(.*)$/) ?? []
  const at = rest.lastIndexOf('-')
  return at < 0
    ? { epoch: Number(epoch), upstream: rest, revision: '' }
    : { epoch: Number(epoch), upstream: rest.slice(0, at), revision: rest.slice(at + 1) }
}

/** In turns: what is no digit, by its characters; then digits, by their value. */
function compareParts(a: string, b: string): number {
  let [left, right] = [a, b]
  while (left !== '' || right !== '') {
    const [words, others] = [leading(left, /^[^\d]*/), leading(right, /^[^\d]*/)]
    const order = compareWords(words, others)
    if (order !== 0) return order
    left = left.slice(words.length)
    right = right.slice(others.length)
    const [digits, more] = [leading(left, /^\d*/), leading(right, /^\d*/)]
    if (Number(digits) !== Number(more)) return Number(digits) - Number(more)
    left = left.slice(digits.length)
    right = right.slice(more.length)
  }
  return 0
}

function leading(text: string, pattern: RegExp): string {
  return text.match(pattern)?.[0] ?? ''
}

function compareWords(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = weight(a[index]) - weight(b[index])
    if (difference !== 0) return difference
  }
  return 0
}

/** `~`, then the end, then letters, then the rest. */
function weight(char: string | undefined): number {
  if (char === '~') return -1
  if (char === undefined) return 0
  return /[A-Za-z]/.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256
}
