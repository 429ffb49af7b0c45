import { createHash } from 'node:crypto'
import { listTree, type TreeEntry } from '../tools/find.ts'
import { treeDigest } from '../tools/tar-digest.ts'

/** What can be told of a result's files without reading them. */
export interface Stamp {
  /** Changes with any write: whatever is done to a file, the kernel moves its ctime, and no program can set that back. */
  readonly digest: string
  readonly entries: number
  /** Bytes of all files, each hard-linked one once. */
  readonly bytes: number
}

/**
 * Digest of all that a result is: names, kinds, modes, owners, extended attributes, links and contents. Independent of
 * times and of who made it. Reads everything: about 0.6 s for a root file system of 400 MiB.
 * @throws KilnError E-TOOL-FAILED where something cannot be read
 */
export function contentDigest(folder: string, signal?: AbortSignal): Promise<string> {
  return treeDigest(folder, signal)
}

/** An equal stamp means that nobody touched the files. About 50 ms for 10,000 entries. */
export async function stamp(folder: string): Promise<Stamp> {
  return stampOf(await listTree(folder))
}

export function stampOf(entries: readonly TreeEntry[]): Stamp {
  const lines = entries.map(({ path, kind, size, mtime, ctime }) =>
    [path, kind, kind === 'd' ? '' : size, mtime, ctime].join('\0'),
  )
  const hash = createHash('sha256')
  hash.update(lines.sort().join('\0\0'))
  const files = new Map(entries.filter(({ kind }) => kind === 'f').map(({ inode, size }) => [inode, size]))
  const bytes = [...files.values()].reduce((sum, size) => sum + size, 0)
  return { digest: hash.digest('hex'), entries: entries.length, bytes }
}
