import type { Host } from './host.ts'
import { hasErrno } from './host.ts'

type Files = Pick<Host, 'write' | 'stat' | 'chmod' | 'chown' | 'rename' | 'remove'>

/**
 * Replaces a file so that a power cut leaves the old content or the new one: new file, fsync, rename, fsync of the folder.
 * @param fsync flushes a file or folder to the disk
 */
export function replaceFile(
  files: Files,
  fsync: (path: string) => void,
  path: string,
  content: string | Uint8Array,
  mode: number | undefined,
): void {
  const before = statOrUndefined(files, path)
  // In the same folder, because a rename is atomic only within one file system.
  const fresh = `${path}.kiln-new`
  try {
    files.remove(fresh, { recursive: true })
    files.write(fresh, content, { mode: 0o600 })
    if (before) files.chown(fresh, before.uid, before.gid)
    files.chmod(fresh, mode ?? before?.mode ?? 0o644)
    fsync(fresh)
    files.rename(fresh, path)
  } catch (error) {
    files.remove(fresh, { recursive: true })
    throw error
  }
  fsync(parentOf(path))
}

export function parentOf(path: string): string {
  const end = path.lastIndexOf('/')
  return end < 0 ? '.' : path.slice(0, end) || '/'
}

function statOrUndefined(files: Files, path: string) {
  try {
    return files.stat(path)
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
