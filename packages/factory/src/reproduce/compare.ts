/** One entry of an unpacked image. */
export interface Entry {
  readonly path: string
  /** Kind, mode and owner, as `f 644 0:0`; for a link with its target. */
  readonly attributes: string
  /** sha256 of a file's content; empty for all else. */
  readonly content: string
}

export interface Difference {
  /** Where, from the artifact inwards: `root.img: /usr/bin/x`. */
  readonly place: string
  readonly what: string
}

/** Compares two listings; every difference by its path, sorted. Pure. */
export function compareEntries(
  first: readonly Entry[],
  second: readonly Entry[],
  artifact: string,
): Difference[] {
  const [a, b] = [byPath(first), byPath(second)]
  const paths = [...new Set([...a.keys(), ...b.keys()])].sort()
  return paths.flatMap((path) => {
    const what = difference(a.get(path), b.get(path))
    return what ? [{ place: `${artifact}: ${path}`, what }] : []
  })
}

function byPath(entries: readonly Entry[]): Map<string, Entry> {
  return new Map(entries.map((entry) => [entry.path, entry]))
}

function difference(a: Entry | undefined, b: Entry | undefined): string | undefined {
  if (!a) return 'only in the second'
  if (!b) return 'only in the first'
  const changes = [
    ...(a.attributes === b.attributes ? [] : [`${a.attributes} → ${b.attributes}`]),
    ...(a.content === b.content ? [] : ['content differs']),
  ]
  return changes.length > 0 ? changes.join(', ') : undefined
}

/**
 * @param attributes `<attributes>\0<path>\0` for each entry
 * @param hashes `<sha256>  .<path>\0` for each file, as `sha256sum --zero` prints it
 */
export function parseEntries(attributes: string, hashes: string): Entry[] {
  const content = new Map(
    hashes
      .split('\0')
      .map((line): [string, string] => [line.slice(hashLength + 3), line.slice(0, hashLength)]),
  )
  const fields = attributes.split('\0')
  return Array.from({ length: Math.floor(fields.length / 2) }, (_, index) => {
    const [facts = '', path = ''] = fields.slice(2 * index, 2 * index + 2)
    return { path, attributes: facts.trimEnd(), content: content.get(path) ?? '' }
  })
}

const hashLength = 64
