/** Bytes of a file; `end` is the first one that does not count. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * What the header `Range` asks for (RFC 9110, 14.2). What is no single range of bytes is answered by the whole, as the
 * specification allows.
 */
export function rangeOf(
  header: string | string[] | undefined,
  size: number,
): ByteRange | 'whole' | 'unsatisfiable' {
  const [, first = '', last = ''] =
    (typeof header === 'string' ? header : '').match(/^bytes=(\d*)-(\d*)$/) ?? []
  if (first === '' && last === '') return 'whole'
  if (first === '') {
    const count = Math.min(Number(last), size)
    return count === 0 ? 'unsatisfiable' : { start: size - count, end: size }
  }
  const start = Number(first)
  if (start >= size) return 'unsatisfiable'
  if (last === '') return { start, end: size }
  return Number(last) < start ? 'whole' : { start, end: Math.min(Number(last) + 1, size) }
}
