import { parentOf } from './durable.ts'
import type { FileStat, Host } from './host.ts'
import { hasErrno } from './host.ts'

/** Folder trees, on top of the port's single calls. */

/** What is at a path, or undefined; a link that points nowhere counts as nothing. */
export function statIfThere(host: Pick<Host, 'stat'>, path: string): FileStat | undefined {
  try {
    return host.stat(path)
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

export function exists(host: Pick<Host, 'stat'>, path: string): boolean {
  return statIfThere(host, path) !== undefined
}

/** The text of a file, or undefined where there is none. */
export function readIfThere(host: Pick<Host, 'readText'>, path: string): string | undefined {
  try {
    return host.readText(path)
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/** Names in a folder; none where there is no folder. */
export function listIfThere(host: Pick<Host, 'list'>, path: string): string[] {
  try {
    return host.list(path)
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}

/** Makes a folder and its missing parents. Existing ones keep their mode. */
export function makeFolders(host: Pick<Host, 'stat' | 'mkdir'>, path: string, mode: number): void {
  if (statIfThere(host, path)?.type === 'directory') return
  const parent = parentOf(path)
  if (parent !== path && parent !== '.') makeFolders(host, parent, mode)
  try {
    host.mkdir(path, { mode })
  } catch (error) {
    // Another process may have been faster.
    if (!hasErrno(error, 'EEXIST') || statIfThere(host, path)?.type !== 'directory') throw error
  }
}

/** Removes whatever is at a path. Links are removed, not followed. */
export function removeTree(host: Pick<Host, 'lstat' | 'list' | 'remove'>, path: string): void {
  try {
    if (host.lstat(path).type === 'directory') {
      for (const name of host.list(path)) removeTree(host, `${path}/${name}`)
    }
    host.remove(path)
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error
  }
}

/** Gives a whole tree to an owner. Links are changed, not followed. */
export function chownTree(
  host: Pick<Host, 'lstat' | 'list' | 'chown'>,
  path: string,
  uid: number,
  gid: number,
): void {
  host.chown(path, uid, gid)
  if (host.lstat(path).type !== 'directory') return
  for (const name of host.list(path)) chownTree(host, `${path}/${name}`, uid, gid)
}
