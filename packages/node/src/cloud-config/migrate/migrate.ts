import { distance, suggest } from '@kiln/contract'
import { hasHeader } from '@kiln/contract/cloud-config/parse'
import { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import { lineCounter } from '@kiln/contract/document'
import { knownKeys } from '@kiln/contract/schema-keys'
import { type Path, readYamlText } from '@kiln/contract/yaml/read'
import { safeParse, type z } from 'zod/mini'
import {
  applyEdits,
  type Edit,
  isNested,
  removeKey,
  rename,
  rewrite,
  valueAt,
  type Written,
} from './edits.ts'
import { dead, matchesPath, renames } from './renames.ts'

export interface Change {
  /** In the text before the change. */
  readonly line: number
  readonly reason: string
}

export interface Migrated {
  readonly text: string
  readonly changes: readonly Change[]
  /** Why nothing could be done: the text is no YAML. */
  readonly problem?: { readonly line: number; readonly message: string }
}

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
    const result = readYamlText(now, 'cloud-config')
    const positionOf = lineCounter(now)
    if ('problem' in result) {
      const { message, at } = result.problem
      return { text: now, changes, problem: { line: positionOf(at[0]).line, message } }
    }
    const { text: next, made } = applyEdits(now, editsOf({ text: now, ...result }))
    if (made.length === 0) break
    changes.push(...made.map(({ start, reason }) => ({ line: positionOf(start).line, reason })))
    now = next
  }
  return { text: now, changes }
}

function editsOf(written: Written): Edit[] {
  if (!isNested(written.value) || Array.isArray(written.value)) return []
  const header = hasHeader(written.text) ? [] : [missingHeader]
  const edits = [knownRenames, deadKeys, decimalModes, mends].flatMap((edit) => edit(written))
  return [...header, ...edits]
}

const missingHeader: Edit = {
  start: 0,
  end: 0,
  text: '#cloud-config\n',
  reason: 'a cloud-config starts with #cloud-config',
}

function knownRenames(written: Written): Edit[] {
  return mapPaths(written.value).flatMap((path) =>
    renames
      .filter(
        ([pattern, old, meant]) =>
          matchesPath(pattern, path) && hasKey(written, path, old) && !hasKey(written, path, meant),
      )
      .flatMap(([, old, meant]) => rename(written, path, old, meant)),
  )
}

function hasKey({ places }: Written, path: Path, key: string): boolean {
  return places.has([...path, key])
}

function deadKeys(written: Written): Edit[] {
  return dead.flatMap((key) => removeKey(written, [], key, `${key} is read by nothing`))
}

/** `644` is a decimal number; nobody means that one. */
function decimalModes(written: Written): Edit[] {
  const { text, value, places } = written
  return mapPaths(value).flatMap((path) => {
    if (!hasKey(written, path, 'permissions')) return []
    const mode = text.slice(...places.valueRange([...path, 'permissions']))
    const reason = `permissions: ${mode} is a decimal number`
    return /^[1-7][0-7]{2,3}$/.test(mode)
      ? rewrite(written, [...path, 'permissions'], () => `"0${mode}"`, reason)
      : []
  })
}

/** What the schema does not take, where it is plain what is meant. */
function mends(written: Written): Edit[] {
  const result = safeParse(CloudConfig, written.value)
  return result.success ? [] : result.error.issues.flatMap((issue) => mend(written, issue))
}

function mend(written: Written, issue: z.core.$ZodIssue): Edit[] {
  const { path } = issue
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.flatMap((key) => {
      const meant = nearKey(key, path)
      return meant === undefined || hasKey(written, path, meant) ? [] : rename(written, path, key, meant)
    })
  }
  if (issue.code !== 'invalid_type') return []
  const value = valueAt(written.value, path)
  if (issue.expected === 'string' && ['number', 'boolean'].includes(typeof value)) {
    const reason = 'a text that looks like something else needs quotes'
    return rewrite(written, path, (text) => JSON.stringify(text), reason)
  }
  if (issue.expected === 'array' && typeof value === 'string' && !value.includes('\n')) {
    return rewrite(written, path, (text) => `[${asFlowItem(text, value)}]`, 'a list, even of one')
  }
  const word = typeof value === 'string' ? value.toLowerCase() : ''
  if (issue.expected === 'boolean' && Object.hasOwn(words, word)) {
    return rewrite(written, path, () => words[word] ?? '', 'true or false')
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
function mapPaths(value: unknown, path: Path = []): Path[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => mapPaths(item, [...path, index]))
  if (!isNested(value)) return []
  return [path, ...Object.entries(value).flatMap(([key, inner]) => mapPaths(inner, [...path, key]))]
}
