import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ociTypes } from '@kiln/contract'
import { prefixedFileDigest } from '../../resolve/digest.ts'
import { type Mount, runInSandbox } from '../../sandbox/sandbox.ts'
import { toolchainSandbox } from '../../toolchain/toolchain.ts'
import { createLayerArguments } from '../../tools/tar.ts'
import type { Blobs } from './blobs.ts'
import type { Layer } from './documents.ts'
import { entryFormat, type LayerList, layerList, parseEntries } from './layer-list.ts'

export interface LayerOptions {
  readonly toolchain: { readonly folder: string }
  /** Folders of the root's layers, lowest first; the last one is packed. */
  readonly folders: readonly [string, ...string[]]
  readonly madeBy: string
  readonly epoch: number
  readonly blobs: Blobs
  /** Empty folder for large temporary files, on the file system of the blobs. */
  readonly scratch: string
  readonly signal: AbortSignal
  readonly line: (text: string) => void
}

const inside = '/run/work/layer'

/** Packs the uppermost of some layers as images have them: tar and gzip, with marks for what it takes away. */
export async function packLayer(options: LayerOptions): Promise<Layer> {
  const { scratch, blobs, folders, epoch, signal, line } = options
  const own = folders.at(-1) ?? folders[0]
  const below = folders.slice(0, -1)
  const [lowest, ...others] = below
  const mounts: Mount[] = [
    { kind: 'bind', source: scratch, target: `${inside}/work` },
    { kind: 'bind-ro', source: own, target: `${inside}/own` },
    { kind: 'tree-ro', layers: [...folders], target: `${inside}/merged` },
    ...(lowest === undefined
      ? []
      : [{ kind: 'tree-ro' as const, layers: [lowest, ...others] as const, target: `${inside}/below` }]),
  ]
  const sandbox = toolchainSandbox(options.toolchain, scratch, mounts)
  const run = (script: string, ...args: string[]) =>
    runInSandbox(sandbox, ['sh', '-euc', `cd ${inside}\n${script}`, 'sh', ...args], { signal, onLine: line })
  const trees = ['own', 'merged', ...(lowest === undefined ? [] : ['below'])]
  await run(listTrees, entryFormat, ...trees)
  const entries = async (name: string) =>
    // One character for each byte: names need not be UTF-8.
    trees.includes(name) ? parseEntries(await readFile(join(scratch, name), 'latin1')) : []
  await writeList(scratch, layerList(await entries('own'), await entries('below'), await entries('merged')))
  await run(packTree, ...createLayerArguments({ epoch, inside }))
  const diffId = await prefixedFileDigest(join(scratch, 'layer.tar'))
  const packed = await blobs.take(join(scratch, 'layer.tar.gz'), ociTypes.gzipLayer)
  return { ...packed, diffId, madeBy: options.madeBy }
}

const listTrees = `
format=$1; shift
for tree in "$@"; do find "$tree" -printf "$format" > "work/$tree"; done
`

/** gzip would otherwise keep a name and a time. */
const packTree = `
"$@"
gzip --no-name < work/layer.tar > work/layer.tar.gz
`

async function writeList(scratch: string, { members, whiteouts }: LayerList): Promise<void> {
  const marks = join(scratch, 'marks')
  await mkdir(marks)
  for (const path of whiteouts) {
    const file = Buffer.from(`${marks}/${path}`, 'latin1')
    await mkdir(Buffer.from(dirname(`${marks}/${path}`), 'latin1'), { recursive: true })
    await writeFile(file, '')
  }
  const list = (paths: readonly string[]) => paths.map((path) => `${path}\0`).join('')
  await writeFile(join(scratch, 'marks.list'), list(whiteouts), 'latin1')
  await writeFile(join(scratch, 'members.list'), list(members), 'latin1')
}
