import { createHash } from 'node:crypto'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileDigest } from '../resolve/digest.ts'
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

/** From this size on, a file that lies in the folder itself counts by its name, mode, size and own digest. */
const largeFile = 8 * 2 ** 20

export interface ContentOptions {
  readonly signal?: AbortSignal | undefined
  /** Name of a large file → its sha256, 64 hex digits, where that is known already. */
  readonly known?: Readonly<Record<string, string>>
}

/**
 * Digest of all that a result is: names, kinds, modes, owners, extended attributes, links and contents. Independent of
 * times and of who made it. Reads everything that is not known: about 0.6 s for a root file system of 400 MiB.
 * @throws KilnError E-TOOL-FAILED where something cannot be read
 */
export async function contentDigest(folder: string, options: ContentOptions = {}): Promise<string> {
  const large = await largeFiles(folder)
  const names = large.map(({ name }) => name)
  const rest = await treeDigest(folder, options.signal, names)
  if (large.length === 0) return rest
  const hash = createHash('sha256').update(rest)
  for (const { name, mode, size } of large) {
    const digest = options.known?.[name] ?? (await fileDigest(join(folder, name)))
    hash.update(`\0${mode.toString(8)} ${size} ${digest} ${name}`)
  }
  return hash.digest('hex')
}

async function largeFiles(folder: string): Promise<{ name: string; mode: number; size: number }[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  const files = names.sort().map(async (name) => {
    const { mode, size } = await lstat(join(folder, name))
    return { name, mode: mode & 0o7777, size }
  })
  return (await Promise.all(files)).filter(({ size }) => size >= largeFile)
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
