import { readdirSync } from 'node:fs'
import { locateInRoot, readInRoot } from '../../rootfs/read-root.ts'

/**
 * Which source package a file comes from, by dpkg's own records: `/var/lib/dpkg/info/<package>.list` and the field
 * `Source` of `/var/lib/dpkg/status`, deb-control(5). Packages of one source are renewed together.
 */
export interface Owners {
  /** Relative path → name of the source package, without its version. */
  readonly files: ReadonlyMap<string, string>
}

const folder = '/var/lib/dpkg'

/** Of a root where dpkg installed; undefined for any other. */
export function readOwners(root: string): Owners | undefined {
  const info = locateInRoot(root, `${folder}/info`)
  const status = readInRoot(root, `${folder}/status`)
  if (info === undefined || status === undefined) return undefined
  const sources = parseSources(status.toString('utf8'))
  const files = new Map<string, string>()
  for (const name of readdirSync(info)) {
    const [, package_ = ''] = name.match(/^([^.:]+(?:\.[^.:]+)*?)(?::[a-z0-9]+)?\.[a-z0-9-]+$/) ?? []
    const source = sources.get(package_)
    if (source === undefined) continue
    files.set(`var/lib/dpkg/info/${name}`, source)
    if (!name.endsWith('.list')) continue
    const list = readInRoot(root, `${folder}/info/${name}`)?.toString('latin1') ?? ''
    for (const path of pathsOf(list)) files.set(path, source)
  }
  return { files }
}

/** Package → source. */
export function parseSources(status: string): Map<string, string> {
  const sources = new Map<string, string>()
  for (const paragraph of status.split('\n\n')) {
    const name = paragraph.match(/^Package: (\S+)/m)?.[1]
    if (name !== undefined) sources.set(name, paragraph.match(/^Source: (\S+)/m)?.[1] ?? name)
  }
  return sources
}

/** Older packages name their files by the links that lead into `/usr`. */
function pathsOf(list: string): string[] {
  return list
    .split('\n')
    .filter((line) => line.length > 2 && line.startsWith('/'))
    .map((line) => line.slice(1).replace(/^(?:bin|sbin|lib|lib32|lib64|libx32)\//, 'usr/$&'))
}
