import { suggest } from '@kiln/contract'
import { collections } from './functions-collections.ts'
import { conversions } from './functions-conversions.ts'
import { numbers } from './functions-numbers.ts'
import { texts } from './functions-texts.ts'
import { values } from './functions-values.ts'
import type { TemplateHost } from './host.ts'
import { isTrue, type Value, ValueError } from './values.ts'

/** A function of templates. @throws ValueError */
export type Call = (args: readonly Value[], host: TemplateHost) => Value

/** Functions of Go's text/template, of sprig (v3) and Helm's `required`, by what they work on. */
const functions: Readonly<Record<string, Call>> = {
  ...values,
  ...texts,
  ...numbers,
  ...collections,
  ...conversions,
}

/** Those that look at an argument only where they need it. */
export const lazyFunctions: Readonly<Record<string, (args: readonly (() => Value)[]) => Value>> = {
  and: (args) => untilOne(args, (value) => !isTrue(value)),
  or: (args) => untilOne(args, isTrue),
}

function untilOne(args: readonly (() => Value)[], stop: (value: Value) => boolean): Value {
  if (args.length === 0) throw new ValueError('needs at least one value')
  let value: Value
  for (const arg of args) {
    value = arg()
    if (stop(value)) break
  }
  return value
}

export function isFunction(name: string): boolean {
  return Object.hasOwn(functions, name) || Object.hasOwn(lazyFunctions, name)
}

/** @throws ValueError where there is none, with the nearest name */
export function findFunction(name: string): Call {
  const call = Object.hasOwn(functions, name) ? functions[name] : undefined
  if (call) return call
  const meant = suggest(name, [...Object.keys(functions), ...Object.keys(lazyFunctions)])
  throw new ValueError(`there is no such function${meant === undefined ? '' : `; did you mean ${meant}?`}`)
}
