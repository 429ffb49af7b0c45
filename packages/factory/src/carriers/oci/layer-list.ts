import { runtimeFolders } from '../../tools/tar.ts'

/**
 * What goes into a layer of an image (OCI image specification, layer.md), found by comparing trees. The marks that overlayfs
 * leaves in a folder are not looked at: which it makes depends on the kernel, and its whiteouts are devices.
 */
export interface Entry {
  /** As `find` names it: `f`, `d`, `l`, `c` … */
  readonly kind: string
  /** Relative, without a dot. Each byte is a character: names need not be UTF-8. */
  readonly path: string
  /** Names with the same inode are one file. */
  readonly inode: string
  /** Bytes. */
  readonly size: number
}

export interface LayerList {
  /** Members, parents first. */
  readonly members: readonly string[]
  /** Empty files that say what the layers below have and this one takes away: `etc/.wh.gone`. */
  readonly whiteouts: readonly string[]
}

/** For `find -printf`, which ends each entry with the one thing that a path cannot hold. */
export const entryFormat = '%y %i %s %P\\0'

/** All but the root itself. */
export function parseEntries(listing: string): Entry[] {
  return listing
    .split('\0')
    .slice(0, -1)
    .map((text) => {
      const [kind = '', inode = '', size = '', ...path] = text.split(' ')
      return { kind, inode, size: Number(size), path: path.join(' ') }
    })
    .filter(({ path }) => path !== '')
}

/**
 * @param layer the layer's own folder
 * @param below everything under it; empty for the lowest
 * @param merged what a system with all of them sees
 */
export function layerList(
  layer: readonly Entry[],
  below: readonly Entry[],
  merged: readonly Entry[],
): LayerList {
  const seen = new Map([['', 'd'], ...merged.map(({ path, kind }) => [path, kind] as const)])
  const members = layer.filter(({ path, kind }) => seen.has(path) && kind !== 's' && !isRuntime(path))
  const gone = below.filter(
    ({ path }) => !seen.has(path) && seen.get(parentOf(path)) === 'd' && !isRuntime(path),
  )
  return {
    members: members.map(({ path }) => path).sort(byBytes),
    whiteouts: gone.map(({ path }) => whiteout(path)).sort(byBytes),
  }
}

/** What is in there is made when the system runs, and devices could be unpacked by root only. */
function isRuntime(path: string): boolean {
  return runtimeFolders.some((folder) => path.startsWith(`${folder}/`))
}

/** The root itself is the empty path. */
export function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
}

function whiteout(path: string): string {
  const end = path.lastIndexOf('/') + 1
  return `${path.slice(0, end)}.wh.${path.slice(end)}`
}

export function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
