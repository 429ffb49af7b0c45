import { suggest } from '@kiln/contract'

/** `did you mean "debian"? (known: debian, ubuntu)` */
export function choiceHint(word: string, known: readonly string[]): string {
  const meant = suggest(word, known)
  const list = `known: ${known.join(', ')}`
  return meant ? `did you mean "${meant}"? (${list})` : list
}
