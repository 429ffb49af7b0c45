import type { Fingerprint } from './fingerprint.ts'

/** One field of a fingerprint that is not as it was. */
export interface Difference {
  /** `version`, `params.install`, `inputs.packages`. */
  readonly field: string
  /** For people: `+ htop`, `1 → 2`, `changed`. */
  readonly change: string
}

/** What is known of a step that is to be made: an input that is to be made first has no digest yet. */
export type ForeseenFingerprint = Omit<Fingerprint, 'inputs'> & {
  readonly inputs: Readonly<Record<string, string | undefined>>
}

/** What differs between the fingerprint of an earlier result and that of a step. Pure; empty where nothing does. */
export function explainChange(before: Fingerprint, after: ForeseenFingerprint): Difference[] {
  return [
    ...valueChanges('kind', before.kind, after.kind),
    ...valueChanges('version', before.version, after.version),
    ...valueChanges('params', before.params, after.params),
    ...inputChanges(before.inputs, after.inputs),
    ...valueChanges('fullyTracked', before.fullyTracked ?? true, after.fullyTracked ?? true),
  ]
}

export function differenceText({ field, change }: Difference): string {
  return `${field}: ${change}`
}

function inputChanges(before: Fingerprint['inputs'], after: ForeseenFingerprint['inputs']): Difference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.flatMap((name): Difference[] => {
    const field = `inputs.${name}`
    if (!(name in after)) return [{ field, change: 'not taken any more' }]
    if (!(name in before)) return [{ field, change: 'taken now' }]
    if (after[name] === undefined) return [{ field, change: 'is made first' }]
    return before[name] === after[name] ? [] : [{ field, change: 'changed' }]
  })
}

function valueChanges(field: string, before: unknown, after: unknown): Difference[] {
  if (same(before, after)) return []
  if (isList(before) && isList(after)) return listChanges(field, before, after)
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    return keys.flatMap((key) => valueChanges(`${field}.${key}`, before[key], after[key]))
  }
  if (before === undefined) return [{ field, change: `+ ${short(after)}` }]
  if (after === undefined) return [{ field, change: `- ${short(before)}` }]
  return [{ field, change: digestLike(before, after) ? 'changed' : `${short(before)} → ${short(after)}` }]
}

/** Lists of names are compared as sets; others by position. */
function listChanges(field: string, before: readonly unknown[], after: readonly unknown[]): Difference[] {
  if (![...before, ...after].every((value) => typeof value === 'string')) {
    const length = Math.max(before.length, after.length)
    return Array.from({ length }, (_, index) =>
      valueChanges(`${field}[${index}]`, before[index], after[index]),
    ).flat()
  }
  const added = after.filter((value) => !before.includes(value)).map((value) => `+ ${short(value)}`)
  const removed = before.filter((value) => !after.includes(value)).map((value) => `- ${short(value)}`)
  const changes = [...added, ...removed]
  if (changes.length === 0) return [{ field, change: 'in another order or number' }]
  const left = changes.length - shownNames
  const rest = left > 0 ? [`and ${left} more`] : []
  return [{ field, change: [...changes.slice(0, shownNames), ...rest].join(', ') }]
}

const shownNames = 12
const shownCharacters = 60

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters - 1)}…` : text
}

/** Two digests tell nobody anything. */
function digestLike(...values: readonly unknown[]): boolean {
  return values.some((value) => typeof value === 'string' && /[0-9a-f]{32}/.test(value))
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
