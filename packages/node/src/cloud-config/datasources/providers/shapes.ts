import * as z from 'zod/mini'

/** Values as services write them: `null` and nothing are the same, and what else is there is nobody's business. */
export const text = z.pipe(
  z.optional(z.nullable(z.union([z.string(), z.number()]))),
  z.transform((value) => (value === null || value === undefined ? undefined : String(value))),
)
export const texts = z.pipe(
  z.optional(z.nullable(z.array(z.string()))),
  z.transform((value) => value ?? []),
)
/** An object of which all keys may be missing. */
export function part<S extends z.core.$ZodLooseShape>(shape: S) {
  const schema = z.object(shape)
  return z.pipe(
    z.optional(z.nullable(schema)),
    z.transform((value) => (value ?? {}) as Partial<z.output<typeof schema>>),
  )
}
/** A list of such objects. */
export function parts<S extends z.core.$ZodLooseShape>(shape: S) {
  const schema = z.array(z.object(shape))
  return z.pipe(
    z.optional(z.nullable(schema)),
    z.transform((value) => value ?? []),
  )
}
