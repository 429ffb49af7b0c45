import { mkdtemp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { imageName } from '@kiln/contract'
import { type BuildOptions, type BuildResult, build } from '../build.ts'
import { fileDigest } from '../resolve/digest.ts'
import { removeTree } from '../run/remove-tree.ts'
import { openStore } from '../run/store.ts'
import type { Difference } from './compare.ts'
import { explainDifference } from './explain.ts'

export interface ReproducedFile {
  /** Image and file: `debian-13-core-amd64-generic-v0.1.0/root.img`. */
  readonly name: string
  readonly first: string
  readonly second: string
  readonly same: boolean
}

export interface Reproduction {
  readonly files: readonly ReproducedFile[]
  readonly differences: readonly Difference[]
}

/**
 * Builds once as usual, and once from nothing but the lock and the package files, with a cache of its own; then compares
 * what came out. Nothing of the second build is kept.
 */
export async function reproduce(wanted: Omit<BuildOptions, 'rebuild' | 'payload'>): Promise<Reproduction> {
  const options = { ...wanted, payload: true }
  const first = await build({ ...options, rebuild: false })
  const folder = await mkdtemp(join(options.cacheFolder, 'reproduce-'))
  try {
    const cacheFolder = join(folder, 'cache')
    const poolFolder = join(options.cacheFolder, 'pool')
    const again = {
      ...options,
      out: join(folder, 'out'),
      cacheFolder,
      poolFolder,
      frozen: true,
      rebuild: false,
    }
    const second = await build(again)
    return await compareBuilds(first, second, { ...options, cacheFolder, scratch: folder })
  } finally {
    await removeTree(folder)
  }
}

interface CompareOptions {
  readonly cacheFolder: string
  readonly scratch: string
  readonly signal: AbortSignal
}

async function compareBuilds(
  first: BuildResult,
  second: BuildResult,
  options: CompareOptions,
): Promise<Reproduction> {
  const files: ReproducedFile[] = []
  const differences: Difference[] = []
  const [left, right] = [await filesOf(first), await filesOf(second)]
  for (const [name, path] of left) {
    const other = right.get(name) ?? ''
    const [a, b] = [await fileDigest(path), await fileDigest(other)]
    files.push({ name, first: a, second: b, same: a === b })
    if (a !== b) differences.push(...(await explain(path, other, second, options)))
  }
  return { files, differences }
}

async function explain(
  a: string,
  b: string,
  { toolchain }: BuildResult,
  options: CompareOptions,
): Promise<Difference[]> {
  const result = await openStore(options.cacheFolder).use(toolchain)
  if (!result || result === 'damaged') return [{ place: a, what: 'content differs' }]
  return explainDifference(a, b, { ...options, toolchain: result })
}

/** Every file of the payloads and every artifact, by image and name. */
async function filesOf({ images }: BuildResult): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const { identity, payload, artifacts } of images) {
    const image = imageName(identity)
    const { folder = '' } = payload
    for (const file of await readdir(folder)) files.set(`${image}/${file}`, join(folder, file))
    for (const { kind, path } of artifacts) {
      // A folder, whose index names all else in it by digest.
      files.set(`${image}/${kind}`, kind === 'oci' ? join(path, 'index.json') : path)
    }
  }
  return files
}
