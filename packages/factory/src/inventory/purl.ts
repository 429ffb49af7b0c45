import { PackageURL } from 'packageurl-js'
import type { InventoryPackage } from './inventory.ts'

/** A release of a distribution, as scanners of vulnerabilities name it: `debian`, `13`. */
export interface Distro {
  readonly flavor: string
  readonly flavorRelease: string
}

/** `pkg:deb/debian/bash@5.2.37-2?arch=amd64&distro=debian-13`: names a package for databases of vulnerabilities. */
export function packageUrl({ name, version, architecture }: InventoryPackage, distro: Distro): string {
  return debianUrl(name, version, architecture, distro)
}

/** Of the source that it was built from: Debian's advisories name sources. */
export function sourceUrl({ source }: InventoryPackage, distro: Distro): string {
  return debianUrl(source.name, source.version, 'source', distro)
}

/** Of a part that no distribution has packed. */
export function genericUrl(name: string, version: string): string {
  return new PackageURL('generic', undefined, name, version, undefined, undefined).toString()
}

function debianUrl(name: string, version: string, arch: string, { flavor, flavorRelease }: Distro): string {
  const qualifiers = { arch, distro: `${flavor}-${flavorRelease}` }
  return new PackageURL('deb', flavor, name, version, qualifiers, undefined).toString()
}
