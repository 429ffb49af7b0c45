import { createHash, type Hash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'

/** sha256 of a file, 64 hex digits. Streams: root images are large. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256')
  await hashRange(hash, path)
  return hash.digest('hex')
}

/** Bytes; `end` is the first one that does not count. */
interface Range {
  readonly start?: number
  readonly end?: number
}

const pieceBytes = 1 << 20

/**
 * Feeds a part of a file to a hash. The next piece is read while the last one is hashed, always into the same two buffers:
 * new ones for each piece keep the garbage collector busier than the hash is.
 */
export async function hashRange(hash: Hash, path: string, { start = 0, end }: Range = {}): Promise<void> {
  const file = await open(path)
  try {
    // Most files are small, and there may be thousands of them. One byte more shows where they end.
    const bytes = Math.min(pieceBytes, (await file.stat()).size + 1)
    let buffers: [Buffer, Buffer] = [Buffer.allocUnsafe(bytes), Buffer.allocUnsafe(bytes)]
    let position = start
    let reading = readPiece(file, buffers[0], position, end)
    for (;;) {
      const piece = await reading
      if (piece.length === 0) return
      position += piece.length
      buffers = [buffers[1], buffers[0]]
      reading = readPiece(file, buffers[0], position, end)
      hash.update(piece)
    }
  } finally {
    await file.close()
  }
}

async function readPiece(
  file: FileHandle,
  buffer: Buffer,
  position: number,
  end = Infinity,
): Promise<Buffer> {
  const length = Math.min(buffer.length, Math.max(0, end - position))
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}

/** The digits of `sha256:<64 hex digits>`. */
export function hexOf(digest: string): string {
  return digest.slice('sha256:'.length)
}

/** Of what is in memory: `sha256:<64 hex digits>`. */
export function sha256Digest(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
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
