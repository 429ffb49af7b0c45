import type { Document, Node, Pair } from 'yaml'
import { isMap, isScalar } from 'yaml'

/** A change of a text: what stands between two offsets is replaced. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
  /** What it is about, as a sentence. */
  readonly reason: string
}

type Path = readonly (string | number)[]

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

export function pairAt(yaml: Document.Parsed, path: Path, key: string): Pair | undefined {
  const map = path.length === 0 ? yaml.contents : yaml.getIn(path, true)
  return isMap(map)
    ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
    : undefined
}

export function hasKey(yaml: Document.Parsed, path: Path, key: string): boolean {
  return pairAt(yaml, path, key) !== undefined
}

export function rename(yaml: Document.Parsed, path: Path, key: string, meant: string): Edit[] {
  const range = (pairAt(yaml, path, key)?.key as Node | undefined)?.range
  if (!range) return []
  return [{ start: range[0], end: range[1], text: meant, reason: `${key} is called ${meant}` }]
}

/** Replaces a scalar by another way of writing it. */
export function rewrite(
  yaml: Document.Parsed,
  path: Path,
  write: (written: string) => string,
  reason: string,
  text: string,
): Edit[] {
  const node = yaml.getIn(path, true) as Node | undefined
  if (!isScalar(node) || !node.range) return []
  const [start, end] = node.range
  return [{ start, end, text: write(text.slice(start, end)), reason }]
}

/** Takes out a key with its value, where both have their lines to themselves. */
export function removeKey(
  yaml: Document.Parsed,
  path: Path,
  key: string,
  text: string,
  reason: string,
): Edit[] {
  const pair = pairAt(yaml, path, key)
  const from = (pair?.key as Node | undefined)?.range?.[0]
  const value = (pair?.value as Node | null | undefined)?.range
  if (from === undefined || !value) return []
  const start = text.lastIndexOf('\n', from - 1) + 1
  if (text.slice(start, from).trim() !== '') return []
  const lineEnd = text.indexOf('\n', value[1] - (text[value[1] - 1] === '\n' ? 1 : 0))
  return [{ start, end: lineEnd === -1 ? text.length : lineEnd + 1, text: '', reason }]
}
