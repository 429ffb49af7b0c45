import { type Document, isMap, isScalar, LineCounter, type Node, type ParsedNode, parseDocument } from 'yaml'
import * as z from 'zod/mini'
import type { Finding, Place } from './error.ts'
import { errorFromFindings } from './error.ts'
import { knownKeys } from './schema-keys.ts'
import { suggest } from './suggest.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** A YAML text, checked against its schema. Every value can be traced back to its place. */
export interface ParsedDocument<T> {
  readonly value: T
  /** The place of the value at a path, or of its nearest ancestor that the text has. */
  placeOf(path: Path): Place
}

export type ParseResult<T> =
  | { readonly document: ParsedDocument<T> }
  | { readonly findings: readonly [Finding, ...Finding[]] }

/**
 * Parses and validates YAML. All findings at once, each with file, line and column.
 * @param file name to show in places; nothing is read from it
 */
export function readDocument<T>(schema: z.core.$ZodType<T>, text: string, file: string): ParseResult<T> {
  const lines = new LineCounter()
  const yaml = parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: '1.2' })
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  const [syntax, ...moreSyntax] = yaml.errors.map(
    (error): Finding => ({
      code: 'E-CONFIG-SYNTAX',
      message: error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? error.message,
      place: place(error.pos[0]),
    }),
  )
  if (syntax) return { findings: [syntax, ...moreSyntax] }

  const placeOf = (path: Path): Place => place(offsetOf(yaml, path))
  const result = z.safeParse(schema, yaml.toJS() ?? {})
  if (result.success) return { document: { value: result.data, placeOf } }
  const [first, ...rest] = result.error.issues.flatMap((issue) => findingsOf(issue, schema, yaml, place))
  if (!first) throw new Error('a schema refused a value without an issue')
  return { findings: [first, ...rest] }
}

/** The same, for callers that can do nothing with a broken document. @throws KilnError with all findings */
export function parseOrThrow<T>(schema: z.core.$ZodType<T>, text: string, file: string): ParsedDocument<T> {
  const result = readDocument(schema, text, file)
  if ('findings' in result) throw errorFromFindings(result.findings)
  return result.document
}

/** Character offset of the value at a path; falls back to the nearest ancestor. */
function offsetOf(yaml: Document.Parsed, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const node = yaml.getIn(path.slice(0, length), true) as Node | undefined
    if (node?.range) return node.range[0]
  }
  return yaml.contents?.range[0] ?? 0
}

/** Character offset of a key itself: an unknown key is shown where it stands, not where its value does. */
function keyOffset(yaml: Document.Parsed, path: Path, key: string): number {
  const parent = path.length === 0 ? yaml.contents : (yaml.getIn(path, true) as ParsedNode | undefined)
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
    if (pair && isScalar(pair.key) && pair.key.range) return pair.key.range[0]
  }
  return offsetOf(yaml, path)
}

function findingsOf(
  issue: Issue,
  schema: z.core.$ZodType,
  yaml: Document.Parsed,
  place: (offset: number) => Place,
): Finding[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) =>
      unknownKey(key, issue.path, schema, place(keyOffset(yaml, issue.path, key))),
    )
  }
  const innermost = narrowUnion(issue)
  if (innermost.code === 'unrecognized_keys') return findingsOf(innermost, schema, yaml, place)
  const value = yaml.getIn(innermost.path)
  const name = pathName(innermost.path)
  const at = place(offsetOf(yaml, innermost.path))
  if (innermost.code === 'invalid_type') {
    if (!yaml.hasIn(innermost.path)) {
      return [{ code: 'E-CONFIG-MISSING-KEY', message: `${name} is missing`, place: at }]
    }
    return [wrongType(name, innermost.expected, value, at)]
  }
  if (innermost.code === 'invalid_value') return [badChoice(name, innermost.values.map(String), value, at)]
  return [{ code: 'E-CONFIG-BAD-VALUE', message: `${name}: ${innermost.message}`, place: at }]
}

function unknownKey(key: string, path: Path, schema: z.core.$ZodType, place: Place): Finding {
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

function wrongType(name: string, expected: string, value: unknown, place: Place): Finding {
  const got = value === null ? 'nothing' : Array.isArray(value) ? 'a list' : typeof value
  const quote = expected === 'string' && ['number', 'boolean'].includes(typeof value)
  return {
    code: 'E-CONFIG-WRONG-TYPE',
    message: `${name} must be ${article(expected)}, not ${got === 'object' ? 'a map' : got}`,
    place,
    ...(quote ? { hint: `put it in quotes: "${value}"` } : {}),
  }
}

function article(type: string): string {
  const words: Record<string, string> = {
    string: 'text',
    array: 'a list',
    object: 'a map',
    record: 'a map',
    boolean: 'true or false',
    number: 'a number',
  }
  return words[type] ?? type
}

function badChoice(name: string, choices: readonly string[], value: unknown, place: Place): Finding {
  const meant = suggest(String(value), choices)
  return {
    code: 'E-CONFIG-BAD-VALUE',
    message: `${name} is "${String(value)}"; allowed: ${choices.join(', ')}`,
    place,
    ...(meant ? { hint: `did you mean "${meant}"?` } : {}),
  }
}

/** A union reports one list of issues per branch; the branch that got furthest is the one that was meant. */
function narrowUnion(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue
  const deepest = issue.errors
    .flat()
    .toSorted((a, b) => b.path.length - a.path.length)
    .at(0)
  return deepest ? narrowUnion({ ...deepest, path: [...issue.path, ...deepest.path] } as Issue) : issue
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
