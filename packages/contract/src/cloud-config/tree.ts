import type { Source } from '../issues.ts'

export type Path = readonly (string | number)[]

/** A text that configuration comes from. */
export interface ConfigText extends Source {
  /** Path, address, or what it is called otherwise. */
  readonly name: string
  /** Every value in it is a text, because its format has nothing else: the kernel command line. */
  readonly untyped?: boolean
}

/** Where a value stands in the text that it comes from. A chain, so that a value costs one object and no path. */
export interface Origin {
  readonly text: ConfigText
  readonly parent: Origin | undefined
  readonly key: string | number
}

/**
 * Configuration whose every value knows where it comes from: all places that had a say, in the order in which they spoke.
 * The last one is in force for a scalar; a map or list has something of each.
 */
export type Tree = MapTree | ListTree | ScalarTree
export interface MapTree {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, Tree>
  readonly from: readonly Origin[]
}
export interface ListTree {
  readonly kind: 'list'
  readonly items: readonly Tree[]
  readonly from: readonly Origin[]
}
export interface ScalarTree {
  readonly kind: 'scalar'
  readonly value: unknown
  readonly from: readonly Origin[]
}

export const emptyTree: MapTree = { kind: 'map', entries: new Map(), from: [] }

/** The content of a text, with its places. */
export function treeOf(text: ConfigText): Tree {
  return grow(text.value, { text, parent: undefined, key: '' })
}

function grow(value: unknown, origin: Origin): Tree {
  const from = [origin]
  const child = (key: string | number): Origin => ({ text: origin.text, parent: origin, key })
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.map((item, index) => grow(item, child(index))), from }
  }
  if (typeof value !== 'object' || value === null) return { kind: 'scalar', value, from }
  const entries = new Map<string, Tree>()
  for (const key of Object.keys(value)) {
    entries.set(key, grow((value as Record<string, unknown>)[key], child(key)))
  }
  return { kind: 'map', entries, from }
}

/** Plain data. Without nulls, `key: null` counts as a key that is not there: that is how a value is taken back. */
export function plainOf(tree: Tree, { nulls = true } = {}): unknown {
  if (tree.kind === 'scalar') return tree.value
  if (tree.kind === 'list') return tree.items.map((item) => plainOf(item, { nulls }))
  const plain: Record<string, unknown> = {}
  for (const [key, value] of tree.entries) {
    if (nulls || value.kind !== 'scalar' || value.value !== null)
      setOwn(plain, key, plainOf(value, { nulls }))
  }
  return plain
}

/** `__proto__` is a key like any other. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
  } else target[key] = value
}

/** The path of a value in its own text. */
export function pathIn(origin: Origin): (string | number)[] {
  const path: (string | number)[] = []
  for (let here: Origin = origin; here.parent; here = here.parent) path.unshift(here.key)
  return path
}

/** What a value was in its own text. */
export function valueIn(origin: Origin): unknown {
  return pathIn(origin).reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | null | undefined)?.[key],
    origin.text.value,
  )
}

export function childOf(tree: Tree, key: PropertyKey): Tree | undefined {
  if (tree.kind === 'map') return tree.entries.get(String(key))
  return tree.kind === 'list' ? tree.items[Number(key)] : undefined
}

/** The part at a path, or undefined where there is none. */
export function treeAt(tree: Tree, path: readonly PropertyKey[]): Tree | undefined {
  return path.reduce<Tree | undefined>((here, key) => here && childOf(here, key), tree)
}

/** Replaces the part at a path, or takes it out where the change gives nothing; a list goes with its last item. */
export function changeAt(tree: Tree, path: Path, change: (part: Tree) => Tree | undefined): Tree | undefined {
  const [key, ...rest] = path
  if (key === undefined) return change(tree)
  const child = childOf(tree, key)
  if (child === undefined || tree.kind === 'scalar') return tree
  const changed = changeAt(child, rest, change)
  if (tree.kind === 'list') {
    const items = tree.items.flatMap((item, index) => (index === key ? (changed ?? []) : item))
    return items.length === 0 ? undefined : { ...tree, items }
  }
  const entries = new Map(tree.entries)
  if (changed) entries.set(String(key), changed)
  else entries.delete(String(key))
  return { ...tree, entries }
}

/** A tree as what findings are about: content and places. */
export function sourceOf(tree: Tree): Source {
  const nearest = (path: readonly PropertyKey[]): Tree => {
    let here = tree
    for (const key of path) {
      const next = childOf(here, key)
      // Items that were added by a merge have places; the list as a whole has its last one.
      if (!next) break
      here = next
    }
    return here
  }
  const origin = (path: readonly PropertyKey[]): Origin | undefined => nearest(path).from.at(-1)
  return {
    // Whoever asks for places only need not wait for it.
    get value() {
      return plainOf(tree, { nulls: false })
    },
    placeOf(path) {
      const at = origin(path)
      return at ? at.text.placeOf(pathIn(at)) : { file: '' }
    },
    placeOfKey(path, key) {
      const at = origin([...path, key])
      if (!at) return { file: '' }
      const inText = pathIn(at)
      return at.text.placeOfKey(inText.slice(0, -1), String(inText.at(-1) ?? key))
    },
    textOf(path) {
      const at = origin(path)
      return at ? at.text.textOf(pathIn(at)) : ''
    },
  }
}
