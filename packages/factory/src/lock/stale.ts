import { isDeepStrictEqual } from 'node:util'
import type { Lock, SetRequest } from './lock.ts'

/** A set or base of the lock that does not fit. */
export interface StaleEntry {
  readonly name: string
  /** What differs, as words between parentheses: `another keyring, other packages`. */
  readonly why: string
}

interface Wanted {
  readonly name: string
  readonly request: SetRequest
}

/** The sets that the lock lacks, or has for another request. */
export function staleSets(lock: Lock | undefined, wanted: readonly Wanted[]): StaleEntry[] {
  return wanted.flatMap(({ name, request }) => {
    const why = difference(lock?.sets[name]?.request, request)
    return why === undefined ? [] : [{ name, why }]
  })
}

/** `a (not in the lock), b (another keyring)` */
export function listStale(stale: readonly StaleEntry[]): string {
  return stale.map(({ name, why }) => `${name} (${why})`).join(', ')
}

export const notInLock = 'not in the lock'

const words: Readonly<Record<keyof SetRequest, string>> = {
  suite: 'another suite',
  arch: 'another architecture',
  components: 'other components of the archive',
  keyring: 'another keyring',
  include: 'other packages',
  exclude: 'other packages to leave out',
}

function difference(locked: SetRequest | undefined, wanted: SetRequest): string | undefined {
  if (!locked) return notInLock
  const keys = (Object.keys(words) as (keyof SetRequest)[]).filter(
    (key) => !isDeepStrictEqual(locked[key], wanted[key]),
  )
  return keys.length === 0 ? undefined : keys.map((key) => words[key]).join(', ')
}
