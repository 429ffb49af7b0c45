import { parentOf } from '../../host/durable.ts'
import { chownTree, exists } from '../../host/tree.ts'
import { decodeBase64 } from '../base64.ts'
import { type Actor, OperationError } from './actor.ts'
import type { FileOperation } from './operation.ts'
import { type Ids, ownerIds } from './ownership.ts'

/**
 * Writes a file whole. Folders that are missing get the file's mode and are searchable for whoever may read.
 */
export function writeFile(file: FileOperation, actor: Actor): void {
  const { host, root } = actor
  const path = `${root}${file.path}`
  // Before anything is written: an unknown owner must not leave a file that belongs to root.
  const ids = ownerIds(file.ownership, actor)
  makeParents(parentOf(path), file.folderMode ?? folderMode(file.mode), ids, actor)
  host.writeAtomic(path, contentOf(file, actor), { mode: file.mode })
  if (ids) host.chown(path, ids.uid, ids.gid)
}

/** Folders that are missing belong to the owner of the file, so that one below a home does not shut its user out. */
export function makeParents(folder: string, mode: number, ids: Ids | undefined, { host }: Actor): void {
  if (exists(host, folder)) return
  let topmost = folder
  while (!exists(host, parentOf(topmost))) topmost = parentOf(topmost)
  host.mkdir(folder, { recursive: true, mode })
  if (ids) chownTree(host, topmost, ids.uid, ids.gid)
}

export function folderMode(mode: number): number {
  return (mode & 0o777) | 0o700 | ((mode & 0o444) >> 2)
}

function contentOf({ content, encoding, path }: FileOperation, actor: Actor): string | Uint8Array {
  if (encoding === 'plain') return content
  const bytes = decode(content, path)
  return encoding === 'base64' ? bytes : unzip(bytes, path, actor)
}

function decode(content: string, path: string): Uint8Array {
  try {
    return decodeBase64(content)
  } catch (error) {
    throw new OperationError(`${path}: content ${(error as Error).message}`)
  }
}

/** By gzip, which every image has, through files: what comes out may be any bytes. */
function unzip(bytes: Uint8Array, path: string, { host, root, shell }: Actor): Uint8Array {
  const packed = `${root}/run/kiln/unpack-${Math.floor(host.uptime() * 1000)}`
  const plain = `${packed}.plain`
  host.mkdir(parentOf(packed), { recursive: true })
  try {
    host.write(packed, bytes, { mode: 0o600 })
    host.write(plain, '', { mode: 0o600 })
    const [program, ...rest] = shell
    const result = host.run([program, ...rest, '-c', 'gzip -dc <"$0" >"$1"', packed, plain])
    if (result.code !== 0) throw new OperationError(`${path}: content is not gzip: ${result.stderr.trim()}`)
    return host.readBytes(plain, 0, host.stat(plain).size)
  } finally {
    host.remove(packed, { recursive: true })
    host.remove(plain, { recursive: true })
  }
}
