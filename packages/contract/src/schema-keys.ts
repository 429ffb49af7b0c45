import type * as z from 'zod/mini'

interface AnyDef {
  readonly type: string
  readonly shape?: Record<string, z.core.$ZodType>
  readonly innerType?: z.core.$ZodType
  readonly element?: z.core.$ZodType
  readonly valueType?: z.core.$ZodType
  readonly keyType?: z.core.$ZodType
  readonly entries?: Readonly<Record<string, unknown>>
  readonly in?: z.core.$ZodType
  readonly options?: readonly z.core.$ZodType[]
  readonly getter?: () => z.core.$ZodType
}

/** The keys that a schema allows in the map at a path: what a did-you-mean chooses from. */
export function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const [step, ...rest] = path
  const branches = unwrap(schema)
  if (step === undefined) return [...new Set(branches.flatMap(ownKeys))]
  return branches.flatMap((def) => {
    const next = def.shape?.[String(step)] ?? def.element ?? def.valueType
    return next ? knownKeys(next, rest) : []
  })
}

/** Looks through optional, default, pipe and union down to what holds the value. */
function unwrap(schema: z.core.$ZodType): AnyDef[] {
  const def = schema._zod.def as unknown as AnyDef
  if (def.options) return def.options.flatMap(unwrap)
  const inner = def.innerType ?? def.in ?? def.getter?.()
  return inner ? unwrap(inner) : [def]
}

/** Of an object, or of a record whose keys are chosen from a list. */
function ownKeys({ shape, keyType }: AnyDef): string[] {
  const choices = (keyType?._zod.def as AnyDef | undefined)?.entries
  return Object.keys(shape ?? choices ?? {})
}
