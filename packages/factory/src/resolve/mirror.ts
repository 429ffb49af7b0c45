import type { LockedPackage, PackageSet } from '../lock/lock.ts'

/**
 * A set with its files to be had from a mirror: the lock says what, the definition where from. A mirror has the suite and its
 * updates; what came from elsewhere, such as the security archive, stays where it was.
 */
export function fromMirror(set: PackageSet, mirror: string | undefined): PackageSet {
  if (mirror === undefined) return set
  const { suite } = set.request
  const mirrored = [suite, `${suite}-updates`]
  const places = set.archives
    .filter((archive) => mirrored.includes(archive.suite))
    .map(({ uri }) => withSlash(uri))
  const to = withSlash(mirror)
  const moved = ({ url, ...file }: LockedPackage): LockedPackage => {
    const place = places.find((uri) => url.startsWith(uri))
    return { ...file, url: place === undefined ? url : to + url.slice(place.length) }
  }
  return { ...set, packages: set.packages.map(moved) }
}

function withSlash(uri: string): string {
  return uri.endsWith('/') ? uri : `${uri}/`
}
