import { closest, distance } from 'fastest-levenshtein'

export { distance }

/** The known word that was probably meant, or undefined where none is near. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const exactButCase = known.find((candidate) => candidate.toLowerCase() === word.toLowerCase())
  if (exactButCase) return exactButCase
  const nearest = closest(word, known)
  if (distance(word, nearest) <= Math.ceil(word.length / 3)) return nearest
  return known.find((candidate) => isStem(word, candidate) || isStem(candidate, word))
}

/** `image` is a stem of `images`; a letter or two say nothing. */
function isStem(short: string, long: string): boolean {
  return short.length >= 3 && long.startsWith(short)
}
