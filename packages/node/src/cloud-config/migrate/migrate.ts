import { distance, suggest } from '@kiln/contract'
import { hasHeader } from '@kiln/contract/cloud-config/parse'
import { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import { parseYaml } from '@kiln/contract/document'
import { knownKeys } from '@kiln/contract/schema-keys'
import { type Document, isMap, isScalar, isSeq, LineCounter } from 'yaml'
import { safeParse, type z } from 'zod/mini'
import { applyEdits, type Edit, hasKey, pairAt, removeKey, rename, rewrite } from './edits.ts'
import { dead, matchesPath, renames } from './renames.ts'

export interface Change {
  /** In the text before the change. */
  readonly line: number
  readonly reason: string
}

export interface Migrated {
  readonly text: string
  readonly changes: readonly Change[]
}

type Path = readonly (string | number)[]

/** One mend may bring another to light: a key that is right now has a value that is not. */
const mostRounds = 10

/**
 * Rewrites what is out of date and what is a well-known mistake, and nothing else: comments, order and style stay as they are.
 * What is not YAML stays as it is. Doing it twice changes nothing more.
 */
export function migrate(text: string): Migrated {
  const changes: Change[] = []
  let now = text
  for (let round = 0; round < mostRounds; round++) {
    const lines = new LineCounter()
    const yaml = parseYaml(now, lines, { dialect: 'cloud-config' })
    if (typeof yaml === 'string' || yaml.errors.length > 0) break
    const { text: next, made } = applyEdits(now, editsOf(yaml, now))
    if (made.length === 0) break
    changes.push(...made.map(({ start, reason }) => ({ line: lines.linePos(start).line, reason })))
    now = next
  }
  return { text: now, changes }
}

function editsOf(yaml: Document.Parsed, text: string): Edit[] {
  const value = contentOf(yaml)
  if (value === undefined) return []
  const header = hasHeader(text) ? [] : [missingHeader]
  return [
    ...header,
    ...knownRenames(yaml),
    ...deadKeys(yaml, text),
    ...decimalModes(yaml, text),
    ...mends(yaml, text, value),
  ]
}

const missingHeader: Edit = {
  start: 0,
  end: 0,
  text: '#cloud-config\n',
  reason: 'a cloud-config starts with #cloud-config',
}

function contentOf(yaml: Document.Parsed): unknown {
  try {
    const value: unknown = yaml.toJS()
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function knownRenames(yaml: Document.Parsed): Edit[] {
  return mapPaths(yaml.contents).flatMap((path) =>
    renames
      .filter(
        ([pattern, old, meant]) =>
          matchesPath(pattern, path) && hasKey(yaml, path, old) && !hasKey(yaml, path, meant),
      )
      .flatMap(([, old, meant]) => rename(yaml, path, old, meant)),
  )
}

function deadKeys(yaml: Document.Parsed, text: string): Edit[] {
  return dead.flatMap((key) => removeKey(yaml, [], key, text, `${key} is read by nothing`))
}

/** `644` is a decimal number; nobody means that one. */
function decimalModes(yaml: Document.Parsed, text: string): Edit[] {
  return mapPaths(yaml.contents).flatMap((path) => {
    const value = pairAt(yaml, path, 'permissions')?.value
    if (!isScalar(value) || !value.range) return []
    const written = text.slice(value.range[0], value.range[1])
    const reason = `permissions: ${written} is a decimal number`
    return /^[1-7][0-7]{2,3}$/.test(written)
      ? rewrite(yaml, [...path, 'permissions'], () => `"0${written}"`, reason, text)
      : []
  })
}

/** What the schema does not take, where it is plain what is meant. */
function mends(yaml: Document.Parsed, text: string, value: unknown): Edit[] {
  const result = safeParse(CloudConfig, value)
  return result.success ? [] : result.error.issues.flatMap((issue) => mend(yaml, text, issue))
}

function mend(yaml: Document.Parsed, text: string, issue: z.core.$ZodIssue): Edit[] {
  const path = issue.path as Path
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.flatMap((key) => {
      const meant = nearKey(key, path)
      return meant === undefined || hasKey(yaml, path, meant) ? [] : rename(yaml, path, key, meant)
    })
  }
  if (issue.code !== 'invalid_type') return []
  const node = yaml.getIn(path, true)
  if (!isScalar(node)) return []
  const { value } = node
  if (issue.expected === 'string' && ['number', 'boolean'].includes(typeof value)) {
    return rewrite(
      yaml,
      path,
      (written) => JSON.stringify(written),
      'a text that looks like something else needs quotes',
      text,
    )
  }
  if (issue.expected === 'array' && typeof value === 'string' && !value.includes('\n')) {
    return rewrite(yaml, path, (written) => `[${asFlowItem(written, value)}]`, 'a list, even of one', text)
  }
  const word = typeof value === 'string' ? value.toLowerCase() : ''
  if (issue.expected === 'boolean' && Object.hasOwn(words, word)) {
    return rewrite(yaml, path, () => words[word] ?? '', 'true or false', text)
  }
  return []
}

const words: Readonly<Record<string, string>> = {
  true: 'true',
  yes: 'true',
  on: 'true',
  false: 'false',
  no: 'false',
  off: 'false',
}

/** What is quoted stays quoted. */
function asFlowItem(written: string, value: string): string {
  return /^["']/.test(written) ? written : JSON.stringify(value)
}

/** Only a slip of the pen: whoever wrote another word may have meant another thing. */
function nearKey(key: string, path: Path): string | undefined {
  if (path.length === 0 && (key.startsWith('x-') || dead.includes(key))) return undefined
  const known = knownKeys(CloudConfig, path)
  const meant = suggest(key, known)
  return meant !== undefined && distance(plain(key), plain(meant)) <= (key.length > 5 ? 2 : 1)
    ? meant
    : undefined
}

function plain(key: string): string {
  return key.toLowerCase().replaceAll('_', '-')
}

/** The paths of all maps. */
function mapPaths(node: unknown, path: Path = []): Path[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => mapPaths(item, [...path, index]))
  if (!isMap(node)) return []
  const below = node.items.flatMap(({ key, value }) =>
    isScalar(key) ? mapPaths(value, [...path, String(key.value)]) : [],
  )
  return [path, ...below]
}
