import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ociTypes } from '@kiln/contract'
import type { Compression } from '@kiln/contract/definition'
import { prefixedFileDigest } from '../../resolve/digest.ts'
import { type Mount, runInSandbox } from '../../sandbox/sandbox.ts'
import { toolchainSandbox } from '../../toolchain/toolchain.ts'
import { createLayerArguments } from '../../tools/tar.ts'
import type { Blobs } from './blobs.ts'
import type { Layer } from './documents.ts'
import { type Entry, entryFormat, type LayerList, layerList, parseEntries } from './layer-list.ts'

export interface LayerOptions {
  readonly toolchain: { readonly folder: string }
  /** Folders of the root's layers, lowest first; the last one is packed. */
  readonly folders: readonly [string, ...string[]]
  readonly compression: Compression
  readonly blobs: Blobs
  /** Empty folder for large temporary files, on the file system of the blobs. */
  readonly scratch: string
  readonly signal: AbortSignal
  readonly line: (text: string) => void
}

const inside = '/run/work/layer'

/**
 * Time of all files in layers, 1980-01-02: one time for all, so that a layer depends on its files alone and not on the
 * release that it is in. Not 1970, since zip archives cannot have times before 1980.
 */
const layerTime = 315_619_200

/** What the uppermost of some layers has, and takes away from those below it. */
export async function listLayer(
  options: LayerOptions,
): Promise<LayerList & { readonly entries: readonly Entry[] }> {
  const { scratch, folders } = options
  const below = folders.slice(0, -1)
  const [lowest, ...others] = below
  const trees = ['own', 'merged', ...(lowest === undefined ? [] : ['below'])]
  const mounts: Mount[] = [
    { kind: 'tree-ro', layers: [...folders], target: `${inside}/merged` },
    ...(lowest === undefined
      ? []
      : [{ kind: 'tree-ro' as const, layers: [lowest, ...others] as const, target: `${inside}/below` }]),
  ]
  await runInside(options, mounts, listTrees, entryFormat, ...trees)
  const entries = async (name: string) =>
    // One character for each byte: names need not be UTF-8.
    trees.includes(name) ? parseEntries(await readFile(join(scratch, name), 'latin1')) : []
  const own = await entries('own')
  const list = layerList(own, await entries('below'), await entries('merged'))
  const members = new Set(list.members)
  return { ...list, entries: own.filter(({ path }) => members.has(path)) }
}

/**
 * Packs what a list names of the uppermost layer, as images have it: a tar, compressed, with marks for what is taken away.
 * @param madeBy what made it, for people
 */
export async function packLayer(list: LayerList, madeBy: string, options: LayerOptions): Promise<Layer> {
  const { scratch, blobs, compression } = options
  await writeList(scratch, list)
  const { program, mediaType } = compressors[compression]
  const [diffId, packed] = await runInside(
    options,
    [],
    packTree,
    ...createLayerArguments({ epoch: layerTime, inside }),
  ).then(() =>
    Promise.all([
      prefixedFileDigest(join(scratch, 'layer.tar')),
      runInside(options, [], `${program} < work/layer.tar > work/layer.packed`).then(() =>
        blobs.take(join(scratch, 'layer.packed'), mediaType),
      ),
    ]),
  )
  return { ...packed, diffId, madeBy }
}

/**
 * Equal bytes on every machine: gzip would keep a name and a time, and with zstd it is the threads that are asked for, not
 * those that there are, which decide how the input is divided.
 */
const compressors: Readonly<Record<Compression, { readonly program: string; readonly mediaType: string }>> = {
  zstd: { program: 'zstd -3 -T4 --quiet --stdout', mediaType: ociTypes.zstdLayer },
  gzip: { program: 'gzip --no-name', mediaType: ociTypes.gzipLayer },
}

function runInside(options: LayerOptions, mounts: readonly Mount[], script: string, ...args: string[]) {
  const { toolchain, scratch, folders, signal, line } = options
  const own: Mount[] = [
    { kind: 'bind', source: scratch, target: `${inside}/work` },
    { kind: 'bind-ro', source: folders.at(-1) ?? folders[0], target: `${inside}/own` },
  ]
  const sandbox = toolchainSandbox(toolchain, scratch, [...own, ...mounts])
  return runInSandbox(sandbox, ['sh', '-euc', `cd ${inside}\n${script}`, 'sh', ...args], {
    signal,
    onLine: line,
  })
}

const listTrees = `
format=$1; shift
for tree in "$@"; do find "$tree" -printf "$format" > "work/$tree"; done
`

const packTree = '"$@"'

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
