import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { imageName, isKilnError, KilnError, type ParsedName, parseName } from '@kiln/contract'
import type { ReleaseCheck } from '@kiln/contract/release/manifest'

/** An artifact, and what lies beside it. */
export interface GatheredArtifact {
  readonly file: string
  readonly path: string
  readonly image: string
  readonly version: string
  /** Files that show what is claimed of it. */
  readonly evidence: ReadonlyMap<ReleaseCheck, string>
}

/** By the endings of `fileEndings`: what a companion shows. Checksums and signatures are made anew. */
const shows: readonly (readonly [ending: RegExp, check: ReleaseCheck])[] = [
  [/\.(?:spdx|cdx|syft)\.json$/, 'sbom'],
  // An SBOM that is attested is no provenance.
  [/(?:\.intoto\.jsonl|\.provenance\.json|(?<!\.json)\.att)$/, 'provenance'],
  [/(?:-(?:grype|trivy)\.(?:json|sarif)|\.sarif)$/, 'scan'],
]

interface Found {
  readonly file: string
  readonly path: string
  readonly name: ParsedName
}

/**
 * Looks for artifacts directly in folders, by their names: what `kiln build` delivers, on however many machines.
 * @throws KilnError E-ARTIFACT-MISSING, E-RELEASE-CONFLICT where one name is there twice
 */
export async function gatherArtifacts(folders: readonly string[]): Promise<GatheredArtifact[]> {
  const found = (await Promise.all(folders.map(filesOf))).flat()
  const artifacts = found.filter(({ name }) => name.ending !== '' && name.companions.length === 0)
  if (artifacts.length === 0) {
    throw new KilnError('E-ARTIFACT-MISSING', `${folders.join(', ')}: there are no artifacts`, {
      hint: 'name the folders that "kiln build" delivered to; files are known by their names, see docs/names.md',
    })
  }
  const byName = Map.groupBy(artifacts, ({ file }) => file)
  const twice = [...byName.values()].find((same) => same.length > 1)
  if (twice) {
    throw new KilnError('E-RELEASE-CONFLICT', `one artifact is there twice: ${twice.map(at).join(', ')}`, {
      hint: 'each artifact of a release is built once',
    })
  }
  const companions = found.filter(({ name }) => name.companions.length > 0)
  return artifacts
    .toSorted((a, b) => (a.file < b.file ? -1 : 1))
    .map(({ file, path, name }) => {
      const image = imageName(name.image)
      const own = companions.filter(
        (each) =>
          each.file.startsWith(file) || (each.name.ending === '' && imageName(each.name.image) === image),
      )
      return { file, path, image, version: name.image.version, evidence: evidenceOf(own) }
    })
}

const at = ({ path }: Found) => path

function evidenceOf(companions: readonly Found[]): ReadonlyMap<ReleaseCheck, string> {
  const evidence = new Map<ReleaseCheck, string>()
  for (const [ending, check] of shows) {
    const [first] = companions
      .filter(({ file }) => ending.test(file))
      .toSorted((a, b) => a.file.length - b.file.length)
    if (first) evidence.set(check, first.path)
  }
  return evidence
}

async function filesOf(folder: string): Promise<Found[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new KilnError('E-ARTIFACT-MISSING', `${folder} cannot be read: ${cause.message}`, {
      place: { file: folder },
      cause,
    })
  })
  return entries
    .filter((entry) => entry.isFile())
    .flatMap(({ name: file }) => {
      const name = readName(file)
      return name ? [{ file, path: join(folder, file), name }] : []
    })
}

/** Logs and notes may lie beside artifacts. */
function readName(file: string): ParsedName | undefined {
  try {
    return parseName(file, { kind: 'file' })
  } catch (error) {
    if (isKilnError(error)) return undefined
    throw error
  }
}
