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

/** For `find -printf`: every field ends with NUL, the one thing that a path cannot hold. */
export const treeFormat = '%y\\0%m\\0%U\\0%G\\0%s\\0%P\\0%l\\0'

export function parseTree(listing: string): Tree {
  const fields = listing.split('\0')
  const tree = new Map<string, TreeNode>()
  for (let at = 0; at + fieldsPerEntry < fields.length + 1; at += fieldsPerEntry) {
    const [kind, mode = '', uid, gid, size, path, target = ''] = fields.slice(at, at + fieldsPerEntry)
    if (path === undefined) break
    const numbers = { mode: Number.parseInt(mode, 8), uid: Number(uid), gid: Number(gid), size: Number(size) }
    tree.set(`/${path}`, { kind: kind as TreeNode['kind'], ...numbers, target })
  }
  return tree
}

const fieldsPerEntry = 7

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
  const real = resolvePath(tree, folder) ?? folder
  const prefix = real === '/' ? real : `${real}/`
  const names: string[] = []
  for (const path of tree.keys()) {
    const inside = path.length > prefix.length && path.startsWith(prefix)
    if (inside && !path.includes('/', prefix.length)) names.push(path.slice(prefix.length))
  }
  return names
}
