import { KilnError } from '@kiln/contract'

/** The hashes of one file, as hex digits. */
export interface FileHashes {
  readonly sha1: string
  readonly sha256: string
}

/**
 * Joins what `sha1sum --zero` and `sha256sum --zero` said of the same files: `<hash>  ./<path>` and NUL.
 * @returns absolute path → hashes
 */
export function joinHashes(sha1: string, sha256: string): Map<string, FileHashes> {
  const first = parse(sha1)
  const files = [...parse(sha256)].map(([path, hash]): [string, FileHashes] => {
    const other = first.get(path)
    if (other === undefined) throw new KilnError('E-BUG', `${path} has one hash and not the other`)
    return [path, { sha1: other, sha256: hash }]
  })
  return new Map(files)
}

function parse(sums: string): Map<string, string> {
  const entries = sums.split('\0').filter((entry) => entry !== '')
  return new Map(
    entries.map((entry) => {
      const at = entry.indexOf('  ')
      return [entry.slice(at + 2).replace(/^\./, ''), entry.slice(0, at)]
    }),
  )
}
