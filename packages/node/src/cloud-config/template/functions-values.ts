import type { Call } from './functions.ts'
import {
  isDict,
  isList,
  isNothing,
  isTrue,
  kindOf,
  needNumber,
  needText,
  sameValue,
  textOf,
  type Value,
  ValueError,
} from './values.ts'

/** Comparison, truth and defaults. */
export const values: Readonly<Record<string, Call>> = {
  not: ([value]) => !isTrue(value),
  eq: ([first, ...others]) => {
    if (others.length === 0) throw new ValueError('needs two values')
    return others.some((other) => equal(first, other))
  },
  ne: ([a, b]) => !equal(a, b),
  lt: ([a, b]) => order(a, b) < 0,
  le: ([a, b]) => order(a, b) <= 0,
  gt: ([a, b]) => order(a, b) > 0,
  ge: ([a, b]) => order(a, b) >= 0,
  default: (args) => {
    const [fallback, value] = args
    return args.length > 1 && isTrue(value) ? value : fallback
  },
  empty: ([value]) => !isTrue(value),
  coalesce: (args) => args.find(isTrue),
  all: (args) => args.every(isTrue),
  any: (args) => args.some(isTrue),
  ternary: ([yes, no, condition]) => (isTrue(condition) ? yes : no),
  required: ([message, value]) => {
    if (isNothing(value) || value === '') throw new ValueError(needText(message))
    return value
  },
  fail: ([message]) => {
    throw new ValueError(needText(message))
  },
  kindOf: ([value]) => kindOf(value),
  typeOf: ([value]) => kindOf(value),
  kindIs: ([kind, value]) => kindOf(value) === kind,
  typeIs: ([kind, value]) => kindOf(value) === kind,
  deepEqual: ([a, b]) => sameValue(a, b),
  len: ([value]) => {
    if (typeof value === 'string') return [...value].length
    if (isList(value)) return value.length
    if (isDict(value)) return Object.keys(value).length
    throw new ValueError(`a ${kindOf(value)} has no length`)
  },
  env: ([name], host) => host.env(needText(name)) ?? '',
  expandenv: ([text], host) =>
    needText(text).replace(
      /\$(?:\{(\w+)\}|(\w+))/g,
      (_, a?: string, b?: string) => host.env(a ?? b ?? '') ?? '',
    ),
}

/** Go compares only what is of one kind; numbers are one kind here. */
function equal(a: Value, b: Value): boolean {
  if (isNothing(a) || isNothing(b)) return isNothing(a) && isNothing(b)
  if (typeof a === 'object' || typeof b === 'object')
    throw new ValueError('lists and maps cannot be compared')
  if (typeof a !== typeof b) {
    throw new ValueError(`a ${kindOf(a)} cannot be compared with a ${kindOf(b)}: ${textOf(a)}, ${textOf(b)}`)
  }
  return a === b
}

function order(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  if (typeof a !== 'number' || typeof b !== 'number') {
    throw new ValueError(`a ${kindOf(a)} cannot be compared with a ${kindOf(b)}`)
  }
  return needNumber(a) - needNumber(b)
}
