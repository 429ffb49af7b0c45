import type { Call } from './functions.ts'
import { isNothing, needInt, needNumber, needText, type Value, ValueError } from './values.ts'

const mostItems = 100_000

/** Whole numbers, unless the name ends in f. */
export const numbers: Readonly<Record<string, Call>> = {
  add: (args) => args.map(needInt).reduce((sum, number) => sum + number, 0),
  add1: ([value]) => needInt(value) + 1,
  sub: ([a, b]) => needInt(a) - needInt(b),
  mul: (args) => args.map(needInt).reduce((product, number) => product * number, 1),
  div: ([a, b]) => Math.trunc(needInt(a) / divisor(b)),
  mod: ([a, b]) => needInt(a) % divisor(b),
  addf: (args) => args.map(needNumber).reduce((sum, number) => sum + number, 0),
  subf: ([first, ...rest]) => rest.map(needNumber).reduce((sum, number) => sum - number, needNumber(first)),
  mulf: (args) => args.map(needNumber).reduce((product, number) => product * number, 1),
  divf: ([a, b]) => needNumber(a) / (needNumber(b) || divisor(b)),
  max: (args) => Math.max(...some(args).map(needInt)),
  min: (args) => Math.min(...some(args).map(needInt)),
  floor: ([value]) => Math.floor(needNumber(value)),
  ceil: ([value]) => Math.ceil(needNumber(value)),
  round: ([value, digits]) =>
    Number(needNumber(value).toFixed(Math.min(Math.max(needInt(digits ?? 0), 0), 20))),
  int: ([value]) => lenient(value, Math.trunc),
  int64: ([value]) => lenient(value, Math.trunc),
  float64: ([value]) => lenient(value, (number) => number),
  atoi: ([text]) => lenient(text, Math.trunc),
  toDecimal: ([text]) => {
    const value = Number.parseInt(needText(text), 8)
    return Number.isNaN(value) ? 0 : value
  },
  until: ([count]) => steps(0, needInt(count), needInt(count) < 0 ? -1 : 1),
  untilStep: ([start, stop, step]) => steps(needInt(start), needInt(stop), needInt(step)),
  seq: (args) => sequence(args.map(needInt)).join(' '),
  randInt: ([low, high], host) => {
    const [from, to] = [needInt(low), needInt(high)]
    if (to <= from) throw new ValueError(`there is nothing from ${from} to below ${to}`)
    return from + host.random(to - from)
  },
}

function some(args: readonly Value[]): readonly Value[] {
  if (args.length === 0) throw new ValueError('needs at least one number')
  return args
}

function divisor(value: Value): number {
  const number = needInt(value)
  if (number === 0) throw new ValueError('nothing can be divided by 0')
  return number
}

/** Sprig takes 0 for what is no number. */
function lenient(value: Value, round: (number: number) => number): number {
  if (typeof value === 'boolean') return value ? 1 : 0
  const number = isNothing(value) || typeof value === 'object' ? 0 : Number(value)
  return Number.isFinite(number) ? round(number) : 0
}

function steps(start: number, stop: number, step: number): number[] {
  const count = step === 0 ? 0 : Math.ceil((stop - start) / step)
  if (count > mostItems) throw new ValueError(`more than ${mostItems} items`)
  return Array.from({ length: Math.max(count, 0) }, (_, index) => start + index * step)
}

function sequence(args: readonly number[]): number[] {
  const [a = 0, b, c] = args
  if (b === undefined) return a > 0 ? steps(1, a + 1, 1) : steps(1, a - 1, -1)
  if (c === undefined) return b >= a ? steps(a, b + 1, 1) : steps(a, b - 1, -1)
  return steps(a, b > 0 ? c + 1 : c - 1, b)
}
