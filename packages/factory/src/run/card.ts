import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { canonicalJson, type Fingerprint } from '../plan/fingerprint.ts'

/** What is known of a finished step, beside its files. */
export interface ResultCard<Facts = unknown> {
  readonly key: string
  /** The step that made it, as its plan called it. */
  readonly step: string
  readonly title: string
  readonly fingerprint: Fingerprint
  /** Digest of the result, which goes into the keys of the steps that take it. */
  readonly digest: string
  /** Digest of the files as they lie in the store: {@link contentDigest}. */
  readonly content: string
  readonly facts: Facts
  /** When it was made; ISO 8601 in UTC. */
  readonly made: string
  /** How long that took. */
  readonly ms: number
}

const schema = 'kiln.result/v1'

export function cardText(card: ResultCard): string {
  return `${JSON.stringify({ schema, ...card, check: checkOf(card) }, undefined, 2)}\n`
}

/** `outdated` is a card that another version of Kiln wrote; `damaged` is one that is not what was written. */
export type CardFound = ResultCard | 'missing' | 'outdated' | 'damaged'

/** Reads the card of the object in a folder. */
export async function readCard(folder: string): Promise<CardFound> {
  let text: string
  try {
    text = await readFile(join(folder, 'card.json'), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing'
    throw error
  }
  return parseCard(text)
}

export function parseCard(text: string): CardFound {
  try {
    const { schema: found, check, ...card } = JSON.parse(text) as ResultCard & Record<string, unknown>
    if (found !== schema) return 'outdated'
    return check === checkOf(card) ? card : 'damaged'
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return 'damaged'
    throw error
  }
}

/** A flipped bit in a fact, such as a root hash, would do as much harm as one in a file. */
function checkOf(card: unknown): string {
  const plain = JSON.parse(JSON.stringify(card)) as unknown
  return createHash('sha256').update(canonicalJson(plain)).digest('hex')
}
