import { KilnError, suggest } from '@kiln/contract'
import { type ReleaseCheck, releaseChecks } from '@kiln/contract/release/manifest'
import { Option } from 'commander'

/** What is asked of every artifact where nobody says otherwise: what a release always has. */
const usualChecks: readonly ReleaseCheck[] = ['checksum', 'signature', 'verification']

export function requireOption(): Option {
  return new Option(
    '--require <checks>',
    `what each artifact must pass, of ${releaseChecks.join(', ')}`,
  ).default(usualChecks.join(','))
}

/** @throws KilnError E-USAGE */
export function readChecks(text: string): readonly ReleaseCheck[] {
  return text.split(',').map((word) => {
    const found = releaseChecks.find((check) => check === word.trim())
    if (found) return found
    const meant = suggest(word.trim(), releaseChecks)
    throw new KilnError('E-USAGE', `"${word}" is no check of a release`, {
      hint: meant ? `did you mean "${meant}"?` : `there are ${releaseChecks.join(', ')}`,
    })
  })
}

/** ISO 8601 in UTC, without what a second has less. */
export function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`
}
