import type * as z from 'zod/mini'
import { safeParse } from 'zod/mini'
import type { Finding, Place } from './error.ts'
import { errorFromFindings } from './error.ts'
import { byPlace, findingsOf, type Source } from './issues.ts'
import { type Dialect, type Range, readYamlText } from './yaml/read.ts'

export { pathName, type Source } from './issues.ts'

type Path = readonly PropertyKey[]

/** A YAML text, checked against its schema. Every value can be traced back to its place. */
export interface ParsedDocument<T> {
  readonly value: T
  /** The place of the value at a path, or of its nearest ancestor that the text has. */
  placeOf(path: Path): Place
}

export interface ReadOptions {
  readonly dialect?: Dialect
}

export type ParseResult<T> =
  | { readonly document: ParsedDocument<T> }
  | { readonly findings: readonly [Finding, ...Finding[]] }

/** A YAML text that can be read, not judged yet. */
export interface YamlDocument extends Source {
  readonly file: string
}

export type YamlResult =
  | { readonly yaml: YamlDocument }
  | { readonly findings: readonly [Finding, ...Finding[]] }

/**
 * Parses and validates YAML. All findings at once, each with file, line and column.
 * @param file name to show in places; nothing is read from it
 */
export function readDocument<T>(
  schema: z.core.$ZodType<T>,
  text: string,
  file: string,
  options: ReadOptions = {},
): ParseResult<T> {
  const result = readYaml(text, file, options)
  return 'yaml' in result ? judgeDocument(schema, result.yaml) : result
}

/** Validates content that was read before. */
export function judgeDocument<T>(schema: z.core.$ZodType<T>, source: Source): ParseResult<T> {
  const result = safeParse(schema, source.value)
  if (result.success) return { document: { value: result.data, placeOf: source.placeOf } }
  const [first, ...rest] = result.error.issues
    .flatMap((issue) => findingsOf(issue, schema, source))
    .toSorted(byPlace)
  if (!first) throw new Error('a schema refused a value without an issue')
  return { findings: [first, ...rest] }
}

/** Parses YAML. @param file name to show in places; nothing is read from it */
export function readYaml(text: string, file: string, { dialect = 'kiln' }: ReadOptions = {}): YamlResult {
  const positionOf = lineCounter(text)
  const place = ([start, end]: Range): Place => {
    const from = positionOf(start)
    return { file, ...from, end: positionOf(Math.max(end, start)) }
  }
  const result = readYamlText(text, dialect)
  if ('problem' in result) {
    const { message, hint, at } = result.problem
    return { findings: [{ code: 'E-CONFIG-SYNTAX', message, place: place(at), ...(hint ? { hint } : {}) }] }
  }
  const { value, places } = result
  return {
    yaml: {
      file,
      value,
      placeOf: (path) => place(places.valueRange(path)),
      placeOfKey: (path, key) => place(places.keyRange(path, key)),
      textOf: (path) => text.slice(...places.valueRange(path)),
    },
  }
}

/** Lines and columns from 1 of character offsets. */
export function lineCounter(text: string): (offset: number) => { line: number; column: number } {
  let starts: number[] | undefined
  return (offset) => {
    starts ??= [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
    let line = 1
    for (let above = starts.length; above - line > 0; ) {
      const middle = (line + above + 1) >> 1
      if ((starts[middle - 1] ?? 0) <= offset) line = middle
      else above = middle - 1
    }
    return { line, column: offset - (starts[line - 1] ?? 0) + 1 }
  }
}

/** The same, for callers that can do nothing with a broken document. @throws KilnError with all findings */
export function parseOrThrow<T>(schema: z.core.$ZodType<T>, text: string, file: string): ParsedDocument<T> {
  const result = readDocument(schema, text, file)
  if ('findings' in result) throw errorFromFindings(result.findings)
  return result.document
}
