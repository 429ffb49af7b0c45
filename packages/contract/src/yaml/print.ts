import { DUMP_SCHEMA, dump } from 'js-yaml'
import { numbersOfGo } from './dialects.ts'

/** Quotes what any YAML, and the field's, would take for something else than a text. */
const schema = DUMP_SCHEMA.withTags(...numbersOfGo)

export interface PrintOptions {
  readonly sortKeys?: boolean
  /** Columns by which a map within a map is indented. */
  readonly indent?: 2 | 4
}

/**
 * Plain data as YAML, laid out as the field does it: items of lists are indented like maps, but stand right behind their dash.
 * What another parser would take for something else than a text is in quotes.
 */
export function printYamlText(value: unknown, { sortKeys = false, indent = 2 }: PrintOptions = {}): string {
  const lines = (part: unknown): string[] => {
    if (Array.isArray(part) && part.length > 0) return part.flatMap((item) => behindDash(lines(item)))
    if (typeof part !== 'object' || part === null || Object.keys(part).length === 0) return leaf(part, indent)
    const entries = Object.entries(part).filter(([, inner]) => inner !== undefined)
    const ordered = sortKeys ? entries.toSorted(([a], [b]) => (a < b ? -1 : 1)) : entries
    return ordered.flatMap(([key, inner]) => {
      if (!isNested(inner)) return leaf({ [key]: inner }, indent)
      return [...keyLines(key), ...lines(inner).map((line) => indented(line, indent))]
    })
  }
  return `${lines(value).join('\n')}\n`
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

/** As the library prints a single value, or a pair. */
function leaf(value: unknown, indent: number): string[] {
  const text = dump(value, {
    schema,
    indent,
    lineWidth: -1,
    noRefs: true,
    quoteStyle: 'double',
    skipInvalid: true,
  })
  // The library marks the end of a document that ends with blank lines.
  return text
    .replace(/^\.\.\.\n$/m, '')
    .replace(/\n$/, '')
    .split('\n')
}

/** A key and its colon, on two lines where the key has some itself. */
function keyLines(key: string): string[] {
  return leaf({ [key]: 0 }, 2).map((line) => line.replace(/: 0$/, ':'))
}

function behindDash(lines: readonly string[]): string[] {
  return lines.map((line, index) => (index === 0 ? `- ${line}` : indented(line, 2)))
}

function indented(line: string, by: number): string {
  return line === '' ? '' : `${' '.repeat(by)}${line}`
}
