import { type InstalledPackage, type Payload, parsePackages } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import type { PayloadSource } from '../source/source.ts'

/** In memory. */
const folder = '/run/kiln/upgrade'

/** The list of packages of a payload that is not on this node. @throws SourceError */
export function fetchPackages(
  host: Host,
  source: PayloadSource,
  { packages }: Payload,
): readonly InstalledPackage[] | undefined {
  host.mkdir(folder, { recursive: true, mode: 0o700 })
  try {
    source.fetch(packages.file, `${folder}/${packages.file}`, () => {})
    return parsePackages(host.readText(`${folder}/${packages.file}`))
  } finally {
    host.remove(folder, { recursive: true })
  }
}
