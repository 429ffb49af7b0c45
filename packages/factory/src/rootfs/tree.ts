import { posix } from 'node:path'

/** One entry of a root file system, as `find` lists it. */
export interface TreeNode {
  readonly kind: 'f' | 'd' | 'l' | 'c' | 'b' | 'p' | 's'
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly target: string
}

/** A root file system as data: every entry by its absolute path. */
export type Tree = ReadonlyMap<string, TreeNode>

/** For `find -printf`; paths can hold anything but NUL. */
export const treeFormat = '%y\\t%m\\t%U\\t%G\\t%s\\t%P\\t%l\\0'

export function parseTree(listing: string): Tree {
  const entries = listing.split('\0').flatMap((line): [string, TreeNode][] => {
    const [kind, mode, uid, gid, size, path, target = ''] = line.split('\t')
    if (kind === undefined || path === undefined) return []
    const node = { kind: kind as TreeNode['kind'], mode: Number.parseInt(mode ?? '', 8), target }
    return [[`/${path}`, { ...node, uid: Number(uid), gid: Number(gid), size: Number(size) }]]
  })
  return new Map(entries)
}

const mostLinks = 40

/** Follows links within the tree, in every component. Undefined where something is missing or links run in circles. */
export function resolvePath(tree: Tree, path: string): string | undefined {
  let links = 0
  let done = '/'
  let rest = path.split('/').filter((part) => part !== '' && part !== '.')
  while (rest.length > 0) {
    const [part = '', ...after] = rest
    const next = posix.join(done, part)
    const node = tree.get(next)
    if (!node) return undefined
    if (node.kind === 'l') {
      if (++links > mostLinks) return undefined
      if (node.target.startsWith('/')) done = '/'
      rest = [...node.target.split('/').filter((name) => name !== '' && name !== '.'), ...after]
    } else {
      done = next
      rest = after
    }
  }
  return done
}

export function findNode(tree: Tree, path: string): TreeNode | undefined {
  const real = resolvePath(tree, path)
  return real === undefined ? undefined : tree.get(real)
}

/** Names directly below a folder. */
export function namesIn(tree: Tree, folder: string): string[] {
  const prefix = `${resolvePath(tree, folder) ?? folder}/`
  const names: string[] = []
  for (const path of tree.keys()) {
    if (path.startsWith(prefix) && !path.includes('/', prefix.length)) names.push(path.slice(prefix.length))
  }
  return names
}
