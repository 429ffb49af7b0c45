import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import type { Handler } from '../http.ts'
import type { BootArchitecture } from './proxy-dhcp.ts'

/** Where Debian's package `ipxe` puts them. */
export const usualLoaderFolder = '/usr/lib/ipxe'

/** File names by which iPXE is built and packaged, the better one first: one that uses the firmware's own network driver. */
const names: Readonly<Record<BootArchitecture, readonly string[]>> = {
  bios: ['undionly.kpxe'],
  amd64: ['snponly.efi', 'ipxe.efi'],
  arm64: ['snponly-arm64.efi', 'ipxe-arm64.efi'],
}

export interface Loaders {
  /** Architecture → name. */
  readonly names: Readonly<Partial<Record<BootArchitecture, string>>>
  /** Name → file. */
  readonly files: ReadonlyMap<string, string>
}

/** @throws KilnError E-ARTIFACT-MISSING where the folder has no loader at all */
export async function findLoaders(folder: string): Promise<Loaders> {
  const there: string[] = await readdir(folder).catch(() => [])
  const found = Object.entries(names).flatMap(([arch, candidates]) => {
    const name = candidates.find((candidate) => there.includes(candidate))
    return name === undefined ? [] : [[arch, name] as const]
  })
  if (found.length === 0) {
    throw new KilnError('E-ARTIFACT-MISSING', `there is no iPXE in ${folder}`, {
      hint: `apt-get install ipxe, or name a folder with ${Object.values(names).flat().join(', ')}: --loaders DIR`,
    })
  }
  return {
    names: Object.fromEntries(found),
    files: new Map(found.map(([, name]) => [name, join(folder, name)])),
  }
}

/** The loaders for firmware that fetches over HTTP by itself. */
export function loaderFiles({ files }: Loaders): Handler {
  return async ({ path }) => {
    const name = path.match(/^\/netboot\/loader\/([\w.-]+)$/)?.[1]
    const file = name === undefined ? undefined : files.get(name)
    if (file === undefined) return undefined
    const { size } = await stat(file)
    return { status: 200, headers: { 'content-type': 'application/efi' }, body: { file, size } }
  }
}
