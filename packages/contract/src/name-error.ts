import { KilnError } from './error.ts'

/** @param at offsets in the text, the end exclusive */
export function nameError(
  text: string,
  at: readonly [start: number, end: number],
  message: string,
  hint?: string,
): KilnError {
  const [start, end] = at
  return new KilnError('E-NAME', message, {
    hint,
    place: {
      file: 'name',
      line: 1,
      column: start + 1,
      end: { line: 1, column: Math.min(end, text.length) + 1 },
      text,
    },
  })
}
