import { createHash } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'

/** sha256 of a file, 64 hex digits. Streams: root images are large. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** `sha256:<64 hex digits>`, as digests are written in files. */
export async function prefixedFileDigest(path: string): Promise<string> {
  return `sha256:${await fileDigest(path)}`
}

export interface TreeEntry {
  /** Relative, with slashes. */
  readonly path: string
  readonly kind: 'file' | 'folder' | 'link'
  readonly executable: boolean
}

/** All entries below a folder, parents first, in byte order of their names. */
export async function listTree(folder: string, below = ''): Promise<TreeEntry[]> {
  const names = (await readdir(join(folder, below))).sort()
  const entries: TreeEntry[] = []
  for (const name of names) {
    const path = below === '' ? name : `${below}/${name}`
    const stat = await lstat(join(folder, path))
    const kind = kindOf(stat, join(folder, path))
    entries.push({ path, kind, executable: kind === 'file' && (stat.mode & 0o100) !== 0 })
    if (kind === 'folder') entries.push(...(await listTree(folder, path)))
  }
  return entries
}

function kindOf(stat: Stats, path: string): TreeEntry['kind'] {
  if (stat.isDirectory()) return 'folder'
  if (stat.isSymbolicLink()) return 'link'
  if (stat.isFile()) return 'file'
  throw new KilnError('E-OVERLAY-UNREADABLE', `${path} is neither file, folder nor link`, {
    hint: 'devices, sockets and pipes are made on the node, not copied into an image',
  })
}

/** Digest of names, kinds, executable bits and contents below a folder: what git would keep of it. */
export async function treeDigest(
  folder: string,
  filter: (path: string) => boolean = () => true,
): Promise<string> {
  const hash = createHash('sha256')
  for (const entry of await listTree(folder)) {
    if (!filter(entry.path)) continue
    hash.update(`${entry.kind}\0${entry.executable}\0${entry.path}\0`)
    if (entry.kind === 'file') hash.update(await fileContent(join(folder, entry.path)))
    if (entry.kind === 'link') hash.update(await readlink(join(folder, entry.path)))
  }
  return hash.digest('hex')
}

async function fileContent(path: string): Promise<Buffer> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest()
}
