import { parameter } from '@kiln/contract'
import type { Dmi } from '../facts/dmi.ts'
import { type Clue, type Provider, type ProviderName, providers } from './catalog.ts'
import type { Wish } from './wish.ts'

/** A file system on a disk or disc. */
export interface Medium {
  readonly device: string
  readonly type: string
  readonly label: string
  readonly optical: boolean
}

/** What a machine shows of itself without being asked. */
export interface Signs {
  readonly dmi: Dmi
  /** Words of the kernel's command line. */
  readonly words: readonly string[]
  readonly media: readonly Medium[]
  /** Whether something is at a path. */
  readonly has: (path: string) => boolean
  readonly wish: Wish | undefined
}

export interface Candidate {
  readonly name: ProviderName
  readonly place: Provider['place']
  /** Why it is asked, for the record. */
  readonly why: string
}

/**
 * Which sources are worth asking. Nothing goes over the network to find that out: a machine that is no cloud waits for none.
 * @param wanted the sources that a step names; all where it names none. One that is named alone is asked in any case.
 */
export function candidates(signs: Signs, wanted: readonly string[] | undefined): Candidate[] {
  const { wish } = signs
  if (wish?.provider === 'off') return []
  const alone = wanted?.length === 1 ? wanted[0] : undefined
  return providers.flatMap(({ name, place, clues }) => {
    const isWished = wish?.provider === name
    // Whoever names a source on the command line wants no other from the network.
    if (wish && !isWished && place === 'network') return []
    if (wanted && !wanted.includes(name) && !isWished) return []
    if (isWished) return [{ name, place, why: `ds=${name}` }]
    if (alone === name) return [{ name, place, why: 'it is the only one that is named' }]
    const why = reason(clues, signs)
    return why === undefined ? [] : [{ name, place, why }]
  })
}

function reason(clues: readonly Clue[], signs: Signs): string | undefined {
  for (const clue of clues) {
    const why = fits(clue, signs)
    if (why !== undefined) return why
  }
  return undefined
}

function fits(clue: Clue, { dmi, words, media, has }: Signs): string | undefined {
  if ('dmi' in clue) {
    const rules = Object.entries(clue.dmi) as [keyof Dmi, RegExp][]
    if (!rules.every(([name, pattern]) => pattern.test(dmi[name]))) return undefined
    return rules.map(([name]) => `${name} is ${dmi[name]}`).join(', ')
  }
  if ('label' in clue) {
    const medium = media.find(({ label }) => label.toLowerCase() === clue.label)
    return medium && `${medium.device} has the label ${medium.label}`
  }
  if ('word' in clue) return parameter(words, clue.word) === undefined ? undefined : `the word ${clue.word}`
  if ('path' in clue) return has(clue.path) ? clue.path : undefined
  const disc = media.find(({ optical }) => optical)
  return disc && `there is a disc in ${disc.device}`
}
