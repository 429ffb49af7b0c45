import type { Host } from '../host/host.ts'
import { exists, listIfThere } from '../host/tree.ts'

/** What there is of a path in which `*` and `?` stand for any letters of one name, as for a shell. */
export function matchingPaths(host: Host, pattern: string): string[] {
  const parts = pattern.split('/').filter((part) => part !== '')
  return parts.reduce<string[]>(
    (paths, part) => paths.flatMap((path) => namesLike(host, path, part).map((name) => `${path}/${name}`)),
    [''],
  )
}

function namesLike(host: Host, folder: string, part: string): string[] {
  if (!/[*?]/.test(part)) return exists(host, `${folder}/${part}`) ? [part] : []
  const wild = part
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  const like = new RegExp(`^${wild}$`)
  return listIfThere(host, folder === '' ? '/' : folder).filter((name) => like.test(name))
}
