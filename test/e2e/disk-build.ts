import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ArtifactKind, KilnError } from '@kiln/contract'
import type { BuildResult } from '@kiln/factory'
import { kiln, repository } from './harness.ts'

/** Builds artifacts of the example. @returns the path of each, and the digest of the payload that all of them carry */
export async function buildArtifacts(folder: string, kinds: readonly ArtifactKind[]) {
  const definition = join(folder, 'definition')
  await cp(join(repository, 'examples/debian'), definition, { recursive: true })
  const file = join(definition, 'kiln.yaml')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace(/^artifacts:\n(?: {2}- \w+\n)+/m, `artifacts: [${kinds.join(', ')}]\n`))
  const { images } = (await kiln(['build', definition, '--yes', '--out', folder])) as BuildResult
  const built = images[0]
  const path = (kind: ArtifactKind): string => {
    const found = built?.artifacts.find((each) => each.kind === kind)?.path
    if (found === undefined) throw new KilnError('E-BUG', `the build made no ${kind}`)
    return found
  }
  return { path, payload: built?.payload.digest ?? '' }
}
