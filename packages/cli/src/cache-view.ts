import type { CachedObject } from '@kiln/factory/run/objects'
import { formatBytes } from './report/format.ts'

/** What is said of objects in the cache, as data and as lines. Pure. */
export interface ObjectData {
  readonly key: string
  readonly kind: string
  readonly step: string
  readonly title: string
  readonly bytes: number
  readonly entries: number
  /** ISO 8601 in UTC. */
  readonly made: string
  readonly used: string
  readonly folder: string
}

export function objectData({ key, card, bytes, entries, made, used, folder }: CachedObject): ObjectData {
  const known = typeof card === 'object' ? card : undefined
  return {
    key,
    kind: known?.fingerprint.kind ?? String(card),
    step: known?.step ?? '',
    title: known?.title ?? '',
    bytes,
    entries,
    made: new Date(made).toISOString(),
    used: new Date(used).toISOString(),
    folder,
  }
}

/** As many digits as tell the objects apart for a person. */
const shownDigits = 12

export function objectLines(objects: readonly ObjectData[]): string[] {
  const rows = objects.map(({ key, kind, bytes, made, used, step }) => [
    key.slice(0, shownDigits),
    kind,
    formatBytes(bytes),
    minute(made),
    minute(used),
    step,
  ])
  return table([['KEY', 'KIND', 'SIZE', 'MADE', 'LAST USED', 'STEP'], ...rows])
}

/** `2026-11-21 04:02`, in UTC. */
function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ')
}

export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

export interface SizeData {
  readonly total: number
  readonly kinds: readonly { readonly kind: string; readonly objects: number; readonly bytes: number }[]
  readonly others: readonly { readonly name: string; readonly bytes: number }[]
}

export function sizeData(
  objects: readonly ObjectData[],
  others: readonly { readonly name: string; readonly bytes: number }[],
): SizeData {
  const byKind = Map.groupBy(objects, ({ kind }) => kind)
  const kinds = [...byKind].map(([kind, group]) => ({
    kind,
    objects: group.length,
    bytes: group.reduce((sum, { bytes }) => sum + bytes, 0),
  }))
  const total = [...kinds, ...others].reduce((sum, { bytes }) => sum + bytes, 0)
  return { total, kinds: kinds.sort((a, b) => b.bytes - a.bytes), others }
}

export function sizeLines({ total, kinds, others }: SizeData): string[] {
  return table([
    ['KIND', 'OBJECTS', 'SIZE'],
    ...kinds.map(({ kind, objects, bytes }) => [kind, String(objects), formatBytes(bytes)]),
    ...others.map(({ name, bytes }) => [`${name}/`, '', formatBytes(bytes)]),
    ['total', '', formatBytes(total)],
  ])
}
