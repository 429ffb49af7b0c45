import { type Host, HostError, hasErrno } from './host.ts'

const mostFolders = 10_000

/**
 * A folder of one's own, below one that is made where it is missing, that is gone afterwards: what is in it may be secret.
 * @throws HostError
 */
export function withWorkFolder<T>(
  host: Pick<Host, 'mkdir' | 'remove'>,
  parent: string,
  body: (folder: string) => T,
): T {
  host.mkdir(parent, { recursive: true, mode: 0o700 })
  const folder = newFolder(host, parent)
  try {
    return body(folder)
  } finally {
    host.remove(folder, { recursive: true })
  }
}

function newFolder(host: Pick<Host, 'mkdir'>, parent: string): string {
  for (let number = 0; number < mostFolders; number++) {
    const folder = `${parent}/${number}`
    try {
      host.mkdir(folder, { mode: 0o700 })
      return folder
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) throw error
    }
  }
  throw new HostError('EEXIST', 'mkdir', parent)
}
