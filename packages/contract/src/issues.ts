import type * as z from 'zod/mini'
import type { Finding, Place } from './error.ts'
import { knownKeys } from './schema-keys.ts'
import { suggest } from './suggest.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** The document that an issue is about: its content, and where everything stands. */
export interface Source {
  readonly value: unknown
  placeOf(path: Path): Place
  placeOfKey(path: Path, key: string): Place
  /** The value as it is written, for scalars: `24.10`, where the value would say 24.1. */
  textOf(path: Path): string
}

/** Says what a schema has against a document in the words of kiln.yaml, at the place where it can be mended. */
export function findingsOf(issue: Issue, schema: z.core.$ZodType, source: Source): Finding[] {
  const innermost = narrowUnion(issue)
  const name = pathName(innermost.path)
  const place = source.placeOf(innermost.path)
  const value = valueAt(source.value, innermost.path)
  switch (innermost.code) {
    case 'unrecognized_keys':
      return innermost.keys.map((key) =>
        unknownKey(key, innermost.path, schema, source.placeOfKey(innermost.path, key)),
      )
    case 'invalid_type':
      if (value === undefined) return [{ code: 'E-CONFIG-MISSING-KEY', message: `${name} is missing`, place }]
      return [wrongType(name, innermost.expected, value, place, source.textOf(innermost.path))]
    case 'invalid_value':
      if (value === undefined) return [{ code: 'E-CONFIG-MISSING-KEY', message: `${name} is missing`, place }]
      return [badChoice(name, innermost.values.map(String), value, place)]
    default:
      return [{ code: 'E-CONFIG-BAD-VALUE', message: `${name} ${innermost.message}`, place }]
  }
}

export function unknownKey(key: string, path: Path, schema: z.core.$ZodType, place: Place): Finding {
  const known = knownKeys(schema, path)
  const meant = suggest(key, known)
  const where = path.length === 0 ? '' : ` in ${pathName(path)}`
  return {
    code: 'E-CONFIG-UNKNOWN-KEY',
    message: `unknown key "${key}"${where}`,
    place,
    hint: meant ? `did you mean "${meant}"?` : `known here: ${known.join(', ')}`,
  }
}

function wrongType(name: string, expected: string, value: unknown, place: Place, text: string): Finding {
  const unquoted = expected === 'string' && ['number', 'boolean'].includes(typeof value)
  return {
    code: 'E-CONFIG-WRONG-TYPE',
    message: `${name} must be ${typeWords[expected] ?? expected}, not ${describe(value)}`,
    place,
    ...(unquoted ? { hint: `put it in quotes: "${text}"` } : {}),
  }
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  boolean: 'true or false',
  number: 'a number',
}

function describe(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeWords[typeof value] ?? typeof value
}

function badChoice(name: string, choices: readonly string[], value: unknown, place: Place): Finding {
  const got = typeof value === 'string' ? `"${value}"` : describe(value)
  const meant = typeof value === 'string' ? suggest(value, choices) : undefined
  return {
    code: 'E-CONFIG-BAD-VALUE',
    message: `${name} is ${got}; allowed: ${choices.join(', ')}`,
    place,
    ...(meant ? { hint: `did you mean "${meant}"?` } : {}),
  }
}

/** In the order of the text. */
export function byPlace(a: { readonly place?: Place }, b: { readonly place?: Place }): number {
  const line = (a.place?.line ?? 0) - (b.place?.line ?? 0)
  return line === 0 ? (a.place?.column ?? 0) - (b.place?.column ?? 0) : line
}

/** The type was right, and something else was not. */
function isOfType({ code }: { readonly code?: string }): boolean {
  return code !== 'invalid_type'
}

/** A union reports one list of issues per branch; the branch that got furthest is the one that was meant. */
function narrowUnion(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue
  const deepest = issue.errors
    .flat()
    .toSorted((a, b) => b.path.length - a.path.length || Number(isOfType(b)) - Number(isOfType(a)))
    .at(0)
  return deepest ? narrowUnion({ ...deepest, path: [...issue.path, ...deepest.path] } as Issue) : issue
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined,
    root,
  )
}

/** `images[0].packages.add` */
export function pathName(path: Path): string {
  let name = ''
  for (const part of path) {
    if (typeof part === 'number') name += `[${part}]`
    else name += name === '' ? String(part) : `.${String(part)}`
  }
  return name === '' ? 'the document' : name
}
