import type { Call } from './functions.ts'
import {
  type Dict,
  entry,
  isDict,
  isList,
  isNothing,
  isTrue,
  keysOf,
  kindOf,
  needDict,
  needInt,
  needList,
  needText,
  sameValue,
  textOf,
  type Value,
  ValueError,
} from './values.ts'

/** Lists and maps. Nothing is changed in place, but for the result of `set` and `unset`, which is a new map. */
export const collections: Readonly<Record<string, Call>> = {
  list: (args) => args,
  tuple: (args) => args,
  first: ([list]) => needList(list)[0],
  last: ([list]) => needList(list).at(-1),
  rest: ([list]) => needList(list).slice(1),
  initial: ([list]) => needList(list).slice(0, -1),
  append: ([list, item]) => [...needList(list), item],
  push: ([list, item]) => [...needList(list), item],
  prepend: ([list, item]) => [item, ...needList(list)],
  concat: (lists) => lists.flatMap((list) => needList(list)),
  reverse: ([list]) => needList(list).toReversed(),
  uniq: ([list]) =>
    needList(list).filter((item, at, all) => all.findIndex((other) => sameValue(item, other)) === at),
  compact: ([list]) => needList(list).filter(isTrue),
  without: ([list, ...gone]) =>
    needList(list).filter((item) => !gone.some((other) => sameValue(item, other))),
  has: ([item, list]) => needList(list).some((other) => sameValue(item, other)),
  sortAlpha: ([list]) => needList(list).map(textOf).toSorted(),
  slice: ([value, start, end]) => {
    const [from, to] = [needInt(start ?? 0), isNothing(end) ? undefined : needInt(end)]
    return typeof value === 'string' ? value.slice(from, to) : needList(value).slice(from, to)
  },
  index: ([value, ...path]) => path.reduce(at, value),
  dict: (args) => {
    if (args.length % 2 !== 0) throw new ValueError('needs a value for each key')
    return Object.fromEntries(
      args.flatMap((key, index) => (index % 2 === 0 ? [[needText(key), args[index + 1]] as const] : [])),
    )
  },
  get: ([dict, key]) => entry(needDict(dict), needText(key)) ?? '',
  set: ([dict, key, value]) => ({ ...needDict(dict), [needText(key)]: value }),
  unset: ([dict, key]) => without(needDict(dict), [needText(key)]),
  hasKey: ([dict, key]) => isDict(dict) && Object.hasOwn(dict, needText(key)),
  keys: (dicts) => dicts.flatMap((dict) => keysOf(needDict(dict))),
  values: ([dict]) => keysOf(needDict(dict)).map((key) => needDict(dict)[key]),
  pick: ([dict, ...keys]) => {
    const gone = keysOf(needDict(dict)).filter((key) => !keys.some((kept) => kept === key))
    return without(needDict(dict), gone)
  },
  omit: ([dict, ...keys]) => without(needDict(dict), keys.map(needText)),
  /** The first one wins. */
  merge: (dicts) => dicts.map(needDict).reduce((before, next) => merged(before, next), {}),
  mergeOverwrite: (dicts) => dicts.map(needDict).reduce((before, next) => merged(next, before), {}),
  pluck: ([key, ...dicts]) =>
    dicts.map((dict) => entry(needDict(dict), needText(key))).filter((value) => !isNothing(value)),
  dig: (args) => {
    const [path, fallback, dict] = [args.slice(0, -2), args.at(-2), args.at(-1)]
    const found = path.reduce<Value>(
      (value, key) => (isDict(value) ? entry(value, needText(key)) : undefined),
      dict,
    )
    return isNothing(found) ? fallback : found
  },
}

function at(value: Value, key: Value): Value {
  if (isDict(value)) return entry(value, needText(key))
  const number = needInt(key)
  if (typeof value === 'string' || isList(value)) {
    if (number < 0 || number >= value.length) throw new ValueError(`there is no item ${number}`)
    return value[number]
  }
  if (isNothing(value)) return undefined
  throw new ValueError(`a ${kindOf(value)} has no items`)
}

function without(dict: Dict, keys: readonly string[]): Dict {
  return Object.fromEntries(Object.entries(dict).filter(([key]) => !keys.includes(key)))
}

/** @param strong what wins where both have a key */
function merged(strong: Dict, weak: Dict): Dict {
  const both = keysOf(strong).flatMap((key) => {
    const [a, b] = [strong[key], entry(weak, key)]
    return isDict(a) && isDict(b) ? [[key, merged(a, b)] as const] : []
  })
  return { ...weak, ...strong, ...Object.fromEntries(both) }
}
