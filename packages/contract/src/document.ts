import {
  type Alias,
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  type SchemaOptions,
  visit,
} from 'yaml'
import type * as z from 'zod/mini'
import { safeParse } from 'zod/mini'
import type { Finding, Place } from './error.ts'
import { errorFromFindings } from './error.ts'
import { byPlace, findingsOf, type Source } from './issues.ts'

export { pathName, type Source } from './issues.ts'

type Path = readonly PropertyKey[]
/** Character offsets, the second behind the last character. */
type Range = readonly [start: number, end: number]

/** A YAML text, checked against its schema. Every value can be traced back to its place. */
export interface ParsedDocument<T> {
  readonly value: T
  /** The place of the value at a path, or of its nearest ancestor that the text has. */
  placeOf(path: Path): Place
}

export interface ReadOptions {
  /**
   * `cloud-config`: as the field's files are written. `0644` is octal, and merge keys (`<<`) work. `kiln` is YAML 1.2.
   */
  readonly dialect?: 'kiln' | 'cloud-config'
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
export function readYaml(text: string, file: string, options: ReadOptions = {}): YamlResult {
  const lines = new LineCounter()
  const place = ([start, end]: Range): Place => {
    const from = lines.linePos(start)
    const to = lines.linePos(Math.max(end, start))
    return { file, line: from.line, column: from.col, end: { line: to.line, column: to.col } }
  }
  const yaml = parseYaml(text, lines, options)
  if (typeof yaml === 'string') return { findings: [syntaxFinding(yaml, { file, line: 1, column: 1 })] }
  const [syntax, ...moreSyntax] = yaml.errors.map((error) => syntaxFinding(error.message, place(error.pos)))
  if (syntax) return { findings: [syntax, ...moreSyntax] }

  const content = contentOf(yaml)
  if ('problem' in content) {
    const { problem, at = [0, 0] } = content
    return { findings: [syntaxFinding(problem, place(at))] }
  }
  return {
    yaml: {
      file,
      value: content.value,
      placeOf: (path) => place(valueRange(yaml, path)),
      placeOfKey: (path, key) => place(keyRange(yaml, path, key)),
      textOf: (path) => text.slice(...valueRange(yaml, path)),
    },
  }
}

/**
 * The nodes of a YAML text, for programs that change it. Errors of syntax are in the document.
 * @returns a text that says why there is none: a parser that recurses has an end, and a hostile text finds it
 */
export function parseYaml(text: string, lines: LineCounter, options: ReadOptions): Document.Parsed | string {
  try {
    return parseDocument(text, {
      lineCounter: lines,
      uniqueKeys: true,
      version: '1.2',
      logLevel: 'error',
      ...(options.dialect === 'cloud-config' ? cloudConfigDialect : {}),
    })
  } catch (error) {
    return isTooDeep(error) ? tooDeep : error instanceof Error ? error.message : String(error)
  }
}

const tooDeep = 'nested too deeply'

/** Node.js calls it a RangeError, QuickJS an InternalError. */
function isTooDeep(error: unknown): boolean {
  return error instanceof Error && /stack/i.test(error.message)
}

const cloudConfigDialect: SchemaOptions = {
  merge: true,
  customTags: (tags) => [
    {
      tag: 'tag:yaml.org,2002:int',
      default: true,
      test: /^0[0-7]+$/,
      resolve: (digits: string) => Number.parseInt(digits, 8),
    },
    ...tags,
  ],
}

/** The same, for callers that can do nothing with a broken document. @throws KilnError with all findings */
export function parseOrThrow<T>(schema: z.core.$ZodType<T>, text: string, file: string): ParsedDocument<T> {
  const result = readDocument(schema, text, file)
  if ('findings' in result) throw errorFromFindings(result.findings)
  return result.document
}

/** The library ends its messages with the position and an excerpt, which a place says better. */
function syntaxFinding(message: string, place: Place): Finding {
  const [line = message] = message.split('\n')
  return { code: 'E-CONFIG-SYNTAX', message: line.replace(/ at line \d+, column \d+:?$/, ''), place }
}

/** Aliases are followed only here: one that leads nowhere, or a bomb of them, is no defect of Kiln. */
function contentOf(
  yaml: Document.Parsed,
): { readonly value: unknown } | { readonly problem: string; readonly at?: Range } {
  try {
    const value: unknown = yaml.toJS() ?? {}
    return isCyclic(value) ? { problem: 'an alias stands inside of what it stands for' } : { value }
  } catch (error) {
    if (isTooDeep(error)) return { problem: tooDeep }
    const lost = lostAlias(yaml)
    if (lost?.range) {
      return { problem: `there is no anchor &${lost.source}`, at: [lost.range[0], lost.range[1]] }
    }
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

/** YAML can describe a value that contains itself. */
function isCyclic(value: unknown, above = new Set<object>(), done = new Set<object>()): boolean {
  if (typeof value !== 'object' || value === null || done.has(value)) return false
  if (above.has(value)) return true
  above.add(value)
  const found = Object.values(value).some((part) => isCyclic(part, above, done))
  above.delete(value)
  done.add(value)
  return found
}

/** The first alias that leads nowhere. */
function lostAlias(yaml: Document.Parsed): Alias | undefined {
  let lost: Alias | undefined
  visit(yaml, {
    Alias(_, alias) {
      if (alias.resolve(yaml)) return undefined
      lost = alias
      return visit.BREAK
    },
  })
  return lost
}

function valueRange(yaml: Document.Parsed, path: Path): Range {
  for (let length = path.length; length > 0; length--) {
    const node = yaml.getIn(path.slice(0, length), true) as Node | undefined
    if (node?.range) return [node.range[0], node.range[1]]
  }
  return rangeOf(yaml.contents) ?? [0, 0]
}

/** An unknown key is shown where it stands, not where its value does. */
function keyRange(yaml: Document.Parsed, path: Path, key: string): Range {
  const parent = path.length === 0 ? yaml.contents : (yaml.getIn(path, true) as ParsedNode | undefined)
  const pair = isMap(parent)
    ? parent.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
    : undefined
  return rangeOf(pair?.key) ?? valueRange(yaml, path)
}

function rangeOf(node: unknown): Range | undefined {
  const range = (node as Node | null | undefined)?.range
  return range ? [range[0], range[1]] : undefined
}
