import { emptyEntryText, entryBytes, utf8Bytes } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { parentOf } from '../host/durable.ts'
import { type Host, HostError } from '../host/host.ts'
import { readIfThere, statIfThere } from '../host/tree.ts'
import { digestFromDisk } from './read-back.ts'

/**
 * Writing to the EFI partition. FAT has no journal: after a power cut, a renamed file may have its old and its new name, and
 * removing one then frees the clusters of the other. So nothing that counts is renamed here. What the next boot depends on is
 * one sector that is overwritten in place; everything larger is written under a name that nothing refers to yet.
 */

/**
 * Writes a file of one sector: old or new after a power cut, also where it is created.
 * @param text exactly one sector
 */
export function writeSector(host: Host, path: string, text: string): void {
  const bytes = utf8Bytes(text)
  if (bytes.length !== entryBytes) throw new RangeError(`${path}: ${bytes.length} bytes are not one sector`)
  if (readIfThere(host, path) === text) return
  if (statIfThere(host, path)?.size !== entryBytes) {
    host.mkdir(parentOf(path), { recursive: true })
    // Means nothing to a loader; but file, clusters and name are on the disk before the one write that counts.
    host.write(path, emptyEntryText())
    host.flush(path)
    host.flush(parentOf(path))
  }
  host.overwrite(path, 0, bytes)
}

/** Writes a small file that nothing refers to yet. */
export function writePlain(host: Host, path: string, text: string): void {
  if (readIfThere(host, path) === text) return
  host.mkdir(parentOf(path), { recursive: true })
  host.write(path, text)
  host.flush(path)
  host.flush(parentOf(path))
}

/**
 * Copies a file that nothing refers to yet, and reads it back.
 * @param digest `sha256:<64 hex digits>`
 * @throws AgentError boot-loader, no-space
 */
export function copyVerified(host: Host, source: string, target: string, digest: string): void {
  if (isWhole(host, target, digest)) return
  host.mkdir(parentOf(target), { recursive: true })
  const { code, stderr } = host.run(['cp', source, target])
  if (code !== 0) {
    removeIfThere(host, target)
    const reason = /no space/i.test(stderr) ? 'no-space' : 'boot-loader'
    throw new AgentError(reason, `cp: ${stderr.trim()}`)
  }
  host.flush(target)
  host.flush(parentOf(target))
  if (isWhole(host, target, digest)) return
  removeIfThere(host, target)
  throw new AgentError('boot-loader', `${target} cannot be read back as it was written.`)
}

export function isWhole(host: Host, path: string, digest: string): boolean {
  try {
    return statIfThere(host, path) !== undefined && digestFromDisk(host, path) === digest
  } catch (error) {
    if (error instanceof HostError && error.errno === 'EIO') return false
    throw error
  }
}

export function removeIfThere(host: Host, path: string): void {
  if (!statIfThere(host, path)) return
  host.remove(path, { recursive: true })
  host.flush(parentOf(path))
}
