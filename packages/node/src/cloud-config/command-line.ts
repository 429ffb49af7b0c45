import { type Finding, type Place, splitCommandLine } from '@kiln/contract'
import type { ConfigText } from '@kiln/contract/cloud-config/tree'

/** What the kernel command line says about configuration. */
export interface CommandLineConfig {
  /** Everything that is no address, as nested maps and lists; each value is a text. */
  readonly text: ConfigText
  /** Address of a configuration: the last `kairos.config_url=`, `config_url=` or `cos.setup=` that is one. */
  readonly configUrl: string | undefined
  readonly errors: readonly Finding[]
}

/** Shown in places and in the list of sources, as the field calls it. */
export const commandLineName = 'cmdline'

/**
 * Blocks that words without `kairos.config=` may set, such as `options.foo=bar`. Everything else on a command line belongs to
 * the kernel or to other programs.
 */
const freeBlocks = [
  'install',
  'options',
  'bundles',
  'grub_options',
  'env',
  'logs',
  'stages',
  'upgrade',
  'reset',
]

interface Assignment {
  readonly path: readonly (string | number)[]
  readonly value: string
  /** Column in the line, from 1. */
  readonly column: number
  /** Width of the word as it stands there. */
  readonly width: number
}

/**
 * Reads the words of the field: `kairos.config=PATH=VALUE`, `cos.setup=PATH=VALUE`, `kairos.config_url=URL`, `cos.setup=URL`,
 * `config_url=URL` and `BLOCK.PATH=VALUE`. A path has its parts between dots, numbers count in lists (`users.0.name` or
 * `users[0].name`); quotes protect blanks; the later word wins.
 */
export function commandLineConfig(line: string): CommandLineConfig {
  const found: Assignment[] = []
  let configUrl: string | undefined
  for (const { word, column, width } of words(line)) {
    const setting = settingIn(word)
    if (setting === undefined) continue
    if ('url' in setting) configUrl = setting.url
    else found.push({ ...setting, column, width })
  }
  const errors: Finding[] = []
  const root: Record<string, unknown> = {}
  const places = new Map<string, Assignment>()
  for (const assignment of found) {
    if (assign(root, assignment.path, assignment.value))
      places.set(JSON.stringify(assignment.path), assignment)
    else errors.push(misfit(assignment))
  }
  const holes = closeGaps(root)
  if (configUrl !== undefined) root.config_url = configUrl
  return { text: textOf(root, places), configUrl, errors: [...errors, ...holes] }
}

/** A word that sets nothing gives undefined. */
function settingIn(word: string): { url: string } | Pick<Assignment, 'path' | 'value'> | undefined {
  const [, key = '', payload = ''] = word.match(/^([^=]*)=(.*)$/s) ?? []
  if (key === '' || payload === '') return plainSetting(key, payload)
  if (key === 'kairos.config_url' || key === 'config_url') return { url: payload }
  if (key === 'kairos.config') return assignmentIn(payload)
  if (key === 'cos.setup') return isAssignment(payload) ? assignmentIn(payload) : { url: payload }
  return plainSetting(key, payload)
}

/** `BLOCK.PATH=VALUE`, also with an empty value. */
function plainSetting(key: string, value: string): Pick<Assignment, 'path' | 'value'> | undefined {
  const path = pathParts(key)
  return path.length > 1 && freeBlocks.includes(String(path[0])) ? { path, value } : undefined
}

/** `install.auto=true` sets a value; `https://host/?a=b` and `/oem/a=b.yaml` are addresses. */
function isAssignment(payload: string): boolean {
  return /^[A-Za-z_][\w.[\]-]*=/.test(payload)
}

function assignmentIn(payload: string): Pick<Assignment, 'path' | 'value'> | undefined {
  const at = payload.indexOf('=')
  const path = pathParts(payload.slice(0, Math.max(at, 0)))
  return path.length > 0 ? { path, value: payload.slice(at + 1) } : undefined
}

function pathParts(key: string): (string | number)[] {
  return key
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
    .filter((part) => part !== '')
    .map((part) => (/^\d{1,4}$/.test(part) ? Number(part) : part))
}

/** The words with their places. A quoted word may be wider than its value. */
function words(line: string): { word: string; column: number; width: number }[] {
  return [...line.matchAll(/(?:"[^"]*(?:"|$)|[^\s"])+/g)].flatMap((match) =>
    splitCommandLine(match[0]).map((word) => ({ word, column: match.index + 1, width: match[0].length })),
  )
}

type Container = Record<string, unknown> | unknown[]

/** @returns false where something else is at the place already */
function assign(here: Container, [key, ...rest]: Assignment['path'], value: string): boolean {
  if (key === undefined || Array.isArray(here) !== (typeof key === 'number')) return false
  const before = Object.hasOwn(here, key) ? (here as Record<string | number, unknown>)[key] : undefined
  if (rest.length === 0) {
    if (typeof before === 'object') return false
    define(here, key, value)
    return true
  }
  const next = before ?? (typeof rest[0] === 'number' ? [] : {})
  if (typeof next !== 'object') return false
  if (before === undefined) define(here, key, next)
  return assign(next as Container, rest, value)
}

function define(target: object, key: string | number, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
}

function misfit({ path, column, width }: Assignment): Finding {
  return {
    code: 'E-CLOUD-CONFIG-MISFIT',
    message: `${path.join('.')} on the kernel command line is set as one kind of value and used as another`,
    place: placeAt(column, width),
  }
}

/** Items that were never set: `users.1` without `users.0`. */
function closeGaps(value: unknown, path = ''): Finding[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.entries(value).flatMap(([key, item]) =>
    closeGaps(item, path === '' ? key : `${path}.${key}`),
  )
  if (!Array.isArray(value)) return inner
  const full = value.filter((_, index) => Object.hasOwn(value, index))
  if (full.length === value.length) return inner
  value.splice(0, value.length, ...full)
  const message = `${path} on the kernel command line leaves out numbers; its items move up`
  return [{ code: 'E-CONFIG-BAD-VALUE', message, place: { file: commandLineName, line: 1 } }, ...inner]
}

function placeAt(column: number, width: number): Place {
  return { file: commandLineName, line: 1, column, end: { line: 1, column: column + width } }
}

function textOf(value: object, places: ReadonlyMap<string, Assignment>): ConfigText {
  const placeOf = (path: readonly PropertyKey[]): Place => {
    for (const [key, { column, width }] of [...places].toReversed()) {
      const known = JSON.parse(key) as PropertyKey[]
      if (path.every((part, index) => part === known[index])) return placeAt(column, width)
    }
    return { file: commandLineName, line: 1 }
  }
  return {
    name: commandLineName,
    value,
    untyped: true,
    placeOf,
    placeOfKey: (path, key) => placeOf([...path, key]),
    textOf: (path) =>
      String(path.reduce<unknown>((here, key) => (here as Record<PropertyKey, unknown>)?.[key], value)),
  }
}
