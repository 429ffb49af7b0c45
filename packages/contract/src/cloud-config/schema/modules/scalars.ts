import * as z from 'zod/mini'
import { text } from '../values.ts'

/** A text; numbers and truths that YAML made of one are texts again, as in the field. */
export const Scalar = z.pipe(
  z.union([text, z.number(), z.boolean()]),
  z.transform((value) => String(value)),
)
export const ScalarMap = z.record(text, Scalar)

/** A regular expression. */
export const Pattern = text.check(z.refine((source) => isPattern(source), 'is not a regular expression'))

function isPattern(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp
  } catch {
    return false
  }
}
