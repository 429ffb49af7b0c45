/** An installed package, as dpkg knows it. */
export interface DpkgPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** What it was built from. Its version is that of the package unless that says another one. */
  readonly source: { readonly name: string; readonly version: string }
  /** `Name <address>` */
  readonly maintainer?: string
  readonly homepage?: string
}

/** Reads `/var/lib/dpkg/status`, deb822(5): the packages that are installed. */
export function parseDpkgStatus(text: string): DpkgPackage[] {
  return text.split(/\n{2,}/).flatMap((paragraph) => {
    const field = (name: string) => paragraph.match(new RegExp(`^${name}:[ \\t]*(\\S.*)$`, 'm'))?.[1]?.trim()
    const [name, version, architecture] = [field('Package'), field('Version'), field('Architecture')]
    if (!name || !version || !architecture || !field('Status')?.endsWith(' installed')) return []
    const [, source = name, sourceVersion = version] =
      field('Source')?.match(/^(\S+)(?:\s+\(([^)]+)\))?$/) ?? []
    const [maintainer, homepage] = [field('Maintainer'), field('Homepage')]
    return {
      name,
      version,
      architecture,
      source: { name: source, version: sourceVersion },
      ...(maintainer ? { maintainer } : {}),
      ...(homepage ? { homepage } : {}),
    }
  })
}
