import { type Finding, formatPlace, pathName } from '@kiln/contract'
import {
  type ListTree,
  type MapTree,
  type Origin,
  pathIn,
  plainOf,
  type ScalarTree,
  type Tree,
  treeOf,
} from '@kiln/contract/cloud-config/tree'

/** Lists of maps that are merged by a key: the list's path (`users`, `stages.boot`) to the key (`name`). */
export type MergeKeys = Readonly<Record<string, string>>

export interface Merged {
  readonly tree: Tree
  readonly errors: readonly Finding[]
}

/**
 * The field's way of merging, the only one that there is: maps key by key; lists one behind the other, where scalars and
 * lists that are there already are not added again; a later scalar for an earlier one; and `null` takes back what was said
 * before, leaving an empty value of its kind. Where kinds do not fit, the later one counts and both places are told.
 * Without nulls and misfits it does not matter which two of three are merged first.
 */
export function merge(earlier: Tree, later: Tree, keys: MergeKeys = {}): Merged {
  const errors: Finding[] = []
  const tree = mergeTrees(earlier, later, '', { keys, errors })
  return { tree, errors }
}

interface Context {
  readonly keys: MergeKeys
  readonly errors: Finding[]
}

function mergeTrees(a: Tree, b: Tree, path: string, context: Context): Tree {
  const from = [...a.from, ...b.from]
  if (isNull(b)) return { ...emptyOf(a), from }
  if (isNull(a)) return { ...b, from }
  if (a.kind === 'map' && b.kind === 'map') return { ...mergeMaps(a, b, path, context), from }
  if (a.kind === 'list' && b.kind === 'list') return { ...mergeLists(a, b, path, context), from }
  if (a.kind !== b.kind) context.errors.push(misfit(a, b))
  return a.kind === b.kind ? { ...b, from } : b
}

function mergeMaps(a: MapTree, b: MapTree, path: string, context: Context): MapTree {
  const entries = new Map(a.entries)
  for (const [key, value] of b.entries) {
    const before = entries.get(key)
    entries.set(
      key,
      before ? mergeTrees(before, value, path === '' ? key : `${path}.${key}`, context) : value,
    )
  }
  return { ...a, entries }
}

function mergeLists(a: ListTree, b: ListTree, path: string, context: Context): ListTree {
  const key = Object.hasOwn(context.keys, path) ? context.keys[path] : undefined
  if (key !== undefined) return mergeByKey(a, b, key, path, context)
  const present = new Set(a.items.filter((item) => item.kind !== 'map').map(identity))
  const added = b.items.filter((item) => item.kind === 'map' || !present.has(identity(item)))
  return { ...a, items: [...a.items, ...added] }
}

function mergeByKey(a: ListTree, b: ListTree, key: string, path: string, context: Context): ListTree {
  const items = [...a.items]
  for (const item of b.items) {
    const own = keyOf(item, key)
    const at = own === undefined ? -1 : items.findIndex((each) => keyOf(each, key) === own)
    const before = items[at]
    if (before) items[at] = mergeTrees(before, item, `${path}[]`, context)
    else items.push(item)
  }
  return { ...a, items }
}

function keyOf(item: Tree, key: string): string | undefined {
  const value = item.kind === 'map' ? item.entries.get(key) : undefined
  return value?.kind === 'scalar' ? identity(value) : undefined
}

function identity(tree: Tree): string {
  return JSON.stringify(plainOf(tree))
}

function isNull(tree: Tree): tree is ScalarTree {
  return tree.kind === 'scalar' && (tree.value === null || tree.value === undefined)
}

/** The field's zero value: an empty list, map or text, 0 or false. */
function emptyOf(tree: Tree): Tree {
  if (tree.kind === 'map') return { ...tree, entries: new Map() }
  if (tree.kind === 'list') return { ...tree, items: [] }
  const zero: Readonly<Record<string, unknown>> = { string: '', number: 0, boolean: false }
  return { ...tree, value: zero[typeof tree.value] ?? null }
}

const kinds = { map: 'a map', list: 'a list', scalar: 'a single value' } as const

function misfit(a: Tree, b: Tree): Finding {
  const origin = b.from.at(-1)
  const name = origin ? pathName(pathIn(origin)) : 'the document'
  const place = placeOf(origin)
  return {
    code: 'E-CLOUD-CONFIG-MISFIT',
    message: `${name} is ${kinds[b.kind]} here and ${kinds[a.kind]} at ${described(a.from.at(-1))}`,
    ...(place ? { place } : {}),
    hint: 'write it the same way in both; the later one is taken',
  }
}

function placeOf(origin: Origin | undefined) {
  return origin?.text.placeOf(pathIn(origin))
}

function described(origin: Origin | undefined): string {
  const place = placeOf(origin)
  return place ? formatPlace(place) : 'another place'
}

/** The same for plain data, for tests and for callers that have no texts. @throws Error where kinds do not fit */
export function mergePlain(earlier: unknown, later: unknown, keys: MergeKeys = {}): unknown {
  const { tree, errors } = merge(plainTree(earlier), plainTree(later), keys)
  const [first] = errors
  if (first) throw new Error(first.message)
  return plainOf(tree)
}

function plainTree(value: unknown): Tree {
  const nowhere = { file: 'a value' }
  return treeOf({
    name: nowhere.file,
    value,
    placeOf: () => nowhere,
    placeOfKey: () => nowhere,
    textOf: String,
  })
}
