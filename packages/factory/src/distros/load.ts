import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KilnError, parseOrThrow, suggest } from '@kiln/contract'
import { CommonFile, DistroFile } from './schema.ts'

const folder = fileURLToPath(new URL('../../../../distros', import.meta.url))

/** A distribution, with what it shares with all others. */
export interface Distro extends DistroFile {
  readonly common: CommonFile
}

export function listDistros(): { flavor: string; releases: string[] }[] {
  return allDistros().map(({ flavor, releases }) => ({ flavor, releases: Object.keys(releases) }))
}

/** @throws KilnError E-DISTRO-UNKNOWN */
export function loadDistro(flavor: string): Distro {
  const distros = allDistros()
  const found = distros.find((distro) => distro.flavor === flavor)
  if (found) return { ...found, common: readYaml(CommonFile, 'common.yaml') }
  const known = distros.map((distro) => distro.flavor)
  const meant = suggest(flavor, known)
  throw new KilnError('E-DISTRO-UNKNOWN', `no data for the distribution "${flavor}"`, {
    hint: meant ? `did you mean "${meant}"?` : `known: ${known.join(', ')}`,
  })
}

function allDistros(): DistroFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml') && name !== 'common.yaml')
    .sort()
    .map((name) => readYaml(DistroFile, name))
}

function readYaml<T>(schema: Parameters<typeof parseOrThrow<T>>[0], name: string): T {
  return parseOrThrow(schema, readFileSync(join(folder, name), 'utf8'), `distros/${name}`).value
}
