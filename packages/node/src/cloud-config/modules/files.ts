import type { FileConfig } from '@kiln/contract/cloud-config/schema/step'
import { parentOf } from '../../host/durable.ts'
import { chownTree, exists } from '../../host/tree.ts'
import { decodeBase64 } from '../base64.ts'
import { forEach, type ModuleContext, ModuleError, refuseTemplate } from './context.ts'
import { type Ids, ownerIds } from './ownership.ts'

const defaultMode = 0o644

/**
 * Writes files whole. Without `permissions` the mode is 0644 (the field gives 0000). Folders that are missing get the
 * file's mode and are searchable for whoever may read.
 */
export function writeFiles(files: readonly FileConfig[], context: ModuleContext): void {
  const { host, root } = context
  forEach(files, (file) => {
    const path = `${root}${file.path}`
    const mode = file.permissions ?? defaultMode
    // Before anything is written: an unknown owner must not leave a file that belongs to root.
    const ids = ownerIds(file, context)
    makeParents(parentOf(path), folderMode(mode), ids, context)
    host.writeAtomic(path, contentOf(file, context), { mode })
    if (ids) host.chown(path, ids.uid, ids.gid)
  })
}

/** Folders that are missing belong to the owner of the file, so that one below a home does not shut its user out. */
function makeParents(folder: string, mode: number, ids: Ids | undefined, { host }: ModuleContext): void {
  if (exists(host, folder)) return
  let topmost = folder
  while (!exists(host, parentOf(topmost))) topmost = parentOf(topmost)
  host.mkdir(folder, { recursive: true, mode })
  if (ids) chownTree(host, topmost, ids.uid, ids.gid)
}

function folderMode(mode: number): number {
  return (mode & 0o777) | 0o700 | ((mode & 0o444) >> 2)
}

function contentOf(file: FileConfig, context: ModuleContext): string | Uint8Array {
  const content = file.content ?? ''
  const encoding = file.encoding ?? ''
  if (encoding === '') {
    refuseTemplate(content, file.path)
    return content
  }
  const bytes = decode(content, file.path)
  return encoding.startsWith('gz') ? unzip(bytes, file.path, context) : bytes
}

function decode(content: string, path: string): Uint8Array {
  try {
    return decodeBase64(content)
  } catch (error) {
    throw new ModuleError([`${path}: content ${(error as Error).message}`])
  }
}

/** By gzip, which every image has, through files: what comes out may be any bytes. */
function unzip(bytes: Uint8Array, path: string, { host, root, shell }: ModuleContext): Uint8Array {
  const packed = `${root}/run/kiln/unpack-${Math.floor(host.uptime() * 1000)}`
  const plain = `${packed}.plain`
  host.mkdir(parentOf(packed), { recursive: true })
  try {
    host.write(packed, bytes, { mode: 0o600 })
    host.write(plain, '', { mode: 0o600 })
    const [program, ...rest] = shell
    const result = host.run([program, ...rest, '-c', 'gzip -dc <"$0" >"$1"', packed, plain])
    if (result.code !== 0) throw new ModuleError([`${path}: content is not gzip: ${result.stderr.trim()}`])
    return host.readBytes(plain, 0, host.stat(plain).size)
  } finally {
    host.remove(packed, { recursive: true })
    host.remove(plain, { recursive: true })
  }
}
