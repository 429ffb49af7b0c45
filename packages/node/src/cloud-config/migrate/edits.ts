import type { Path, Places } from '@kiln/contract/yaml/read'

/** A cloud-config as it is written, and what it says. */
export interface Written {
  readonly text: string
  readonly value: unknown
  readonly places: Places
}

/** A change of a text: what stands between two offsets is replaced. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
  /** What it is about, as a sentence. */
  readonly reason: string
}

/** All edits that do not touch an earlier one, and those that were made. */
export function applyEdits(
  text: string,
  edits: readonly Edit[],
): { readonly text: string; readonly made: readonly Edit[] } {
  const made: Edit[] = []
  let done = ''
  let at = 0
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    if (edit.start < at) continue
    done += text.slice(at, edit.start) + edit.text
    at = edit.end
    made.push(edit)
  }
  return { text: done + text.slice(at), made }
}

export function rename({ places }: Written, path: Path, key: string, meant: string): Edit[] {
  if (!places.has([...path, key])) return []
  const [start, end] = places.keyRange(path, key)
  return [{ start, end, text: meant, reason: `${key} is called ${meant}` }]
}

/** Replaces a single value by another way of writing it. */
export function rewrite(
  { text, value, places }: Written,
  path: Path,
  write: (written: string) => string,
  reason: string,
): Edit[] {
  const [start, end] = places.valueRange(path)
  const written = text.slice(start, end)
  // An alias has its value elsewhere.
  if (!places.has(path) || isNested(valueAt(value, path)) || written.startsWith('*')) return []
  return [{ start, end, text: write(written), reason }]
}

/** Takes out a key with its value, where both have their lines to themselves. */
export function removeKey({ text, places }: Written, path: Path, key: string, reason: string): Edit[] {
  if (!places.has([...path, key])) return []
  const [from] = places.keyRange(path, key)
  const [, to] = places.valueRange([...path, key])
  const start = text.lastIndexOf('\n', from - 1) + 1
  if (text.slice(start, from).trim() !== '') return []
  const lineEnd = text.indexOf('\n', to - (text[to - 1] === '\n' ? 1 : 0))
  return [{ start, end: lineEnd === -1 ? text.length : lineEnd + 1, text: '', reason }]
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((here, key) => (here as Record<PropertyKey, unknown> | null)?.[key], value)
}

export function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
