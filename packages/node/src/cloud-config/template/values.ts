/** Values of templates, as Go's text/template sees them: texts, numbers, truths, lists, maps, and nothing. */
export type Value =
  | string
  | number
  | boolean
  | undefined
  | null
  | readonly Value[]
  | { readonly [key: string]: Value }
export type Dict = { readonly [key: string]: Value }

/** What a function refuses. The renderer adds the place. */
export class ValueError extends Error {}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

export function isDict(value: Value): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isNothing(value: Value): value is undefined | null {
  return value === undefined || value === null
}

/** What `if` takes for true: anything but nothing, false, 0 and what is empty. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0
  if (isDict(value)) return Object.keys(value).length > 0
  return !isNothing(value) && value !== '' && value !== 0 && value !== false
}

/** As `{{ … }}` prints it (Go's %v). */
export function textOf(value: Value): string {
  if (isNothing(value)) return '<no value>'
  if (isList(value)) return `[${value.map(textOf).join(' ')}]`
  if (isDict(value)) {
    const entries = keysOf(value).map((key) => `${key}:${textOf(value[key])}`)
    return `map[${entries.join(' ')}]`
  }
  return String(value)
}

export function keysOf(dict: Dict): string[] {
  return Object.keys(dict).sort()
}

/** Own keys only: `constructor` is no key of a map. */
export function entry(dict: Dict, key: string): Value {
  return Object.hasOwn(dict, key) ? dict[key] : undefined
}

export function kindOf(value: Value): string {
  if (isNothing(value)) return 'invalid'
  if (isList(value)) return 'slice'
  if (isDict(value)) return 'map'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64'
  return typeof value === 'boolean' ? 'bool' : 'string'
}

export function needText(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new ValueError(isNothing(value) ? 'the value is missing' : `needs a text, not a ${kindOf(value)}`)
}

export function needNumber(value: Value): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw new ValueError(
    isNothing(value) ? 'the value is missing' : `needs a number, not ${JSON.stringify(textOf(value))}`,
  )
}

export function needInt(value: Value): number {
  return Math.trunc(needNumber(value))
}

export function needList(value: Value): readonly Value[] {
  if (isList(value)) return value
  if (isNothing(value)) return []
  throw new ValueError(`needs a list, not a ${kindOf(value)}`)
}

export function needDict(value: Value): Dict {
  if (isDict(value)) return value
  throw new ValueError(isNothing(value) ? 'the map is missing' : `needs a map, not a ${kindOf(value)}`)
}

export function sameValue(a: Value, b: Value): boolean {
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, at) => sameValue(item, b[at]))
  if (isDict(a) && isDict(b)) {
    const keys = keysOf(a)
    return (
      keys.length === keysOf(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]))
    )
  }
  return a === b || (isNothing(a) && isNothing(b))
}
