import { basename } from 'node:path'
import { KilnError } from '@kiln/contract'
import type { LockedPackage } from '../lock/lock.ts'

/** One installed package. Stored in packages.json, sorted by name and architecture. */
export interface PackageRecord {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** Hash of the package file, 64 hex digits; missing for what did not come from the lock: an imported base, Kiln itself. */
  readonly sha256?: string
  readonly file?: string
}

/**
 * What is installed, with the hashes of the lock.
 * @param installed lines of `<name> <version> <architecture>`
 * @throws KilnError E-PACKAGE-INSTALL where the package manager did not install what the lock says
 */
export function recordsOf(installed: string, locked: readonly LockedPackage[]): PackageRecord[] {
  const byIdentity = new Map(locked.map((file) => [identity(file), file]))
  const records = installed
    .split('\n')
    .filter((line) => line !== '')
    .map((line): PackageRecord => {
      const [name = '', version = '', architecture = ''] = line.split(' ')
      const found = byIdentity.get(identity({ name, version, architecture }))
      const file = found && decodeURIComponent(basename(new URL(found.url).pathname))
      return {
        name,
        version,
        architecture,
        ...(found ? { sha256: found.sha256 } : {}),
        ...(file ? { file } : {}),
      }
    })
  const there = new Set(records.map(identity))
  const lost = locked.filter((file) => !there.has(identity(file)))
  if (lost.length > 0) {
    const names = lost.map(({ name, version }) => `${name} ${version}`)
    throw new KilnError(
      'E-PACKAGE-INSTALL',
      `these are in the lock, but were not installed: ${names.join(', ')}`,
    )
  }
  return records.toSorted((a, b) => (identity(a) < identity(b) ? -1 : 1))
}

function identity({
  name,
  version,
  architecture,
}: Pick<PackageRecord, 'name' | 'version' | 'architecture'>): string {
  return `${name}\0${architecture}\0${version}`
}
