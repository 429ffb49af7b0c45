import { lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { join, posix } from 'node:path'

const mostLinks = 40

/** Path on the build machine of a path in a root; links are followed within the root, never out of it. */
export function locateInRoot(root: string, path: string): string | undefined {
  let links = 0
  let done = '/'
  let rest = path.split('/').filter((part) => part !== '')
  while (rest.length > 0) {
    const [part = '', ...after] = rest
    const next = posix.join(done, part)
    const stat = lstatSync(join(root, next), { throwIfNoEntry: false })
    if (!stat || (after.length > 0 && stat.isFile())) return undefined
    if (stat.isSymbolicLink()) {
      if (++links > mostLinks) return undefined
      const target = readlinkSync(join(root, next))
      if (target.startsWith('/')) done = '/'
      rest = [...target.split('/').filter((name) => name !== ''), ...after]
    } else {
      done = next
      rest = after
    }
  }
  return join(root, done)
}

/** Content of a file in a root; undefined where there is no such file. */
export function readInRoot(root: string, path: string): Buffer | undefined {
  const place = locateInRoot(root, path)
  return place === undefined || !lstatSync(place).isFile() ? undefined : readFileSync(place)
}
