import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Payload } from '@kiln/contract'
import { unpackedPath } from '../payload/kernel-modules.ts'
import { prefixedFileDigest } from '../resolve/digest.ts'
import { readInspection } from '../rootfs/inspect.ts'
import { layerOf, layersOf } from '../rootfs/layers.ts'
import type { PackageRecord } from '../rootfs/package-list.ts'
import { readInRoot } from '../rootfs/read-root.ts'
import { resolvePath, type Tree } from '../rootfs/tree.ts'
import type { Executors, StepContext } from '../run/engine.ts'
import { runInSandbox } from '../sandbox/sandbox.ts'
import { targetRoot, toolchainSandbox } from '../toolchain/toolchain.ts'
import { emptiedFolders } from '../tools/mksquashfs.ts'
import { initramfsFiles } from '../verify/initramfs.ts'
import { type DpkgRoot, readDpkgRoot } from './dpkg-root.ts'
import { type FileHashes, joinHashes } from './file-hashes.ts'
import type { Inventory, InventoryFile, InventoryPackage } from './inventory.ts'

export const inventoryFile = 'inventory.json'

/** Names what Kiln takes boot loaders from; where they are not installed, an image has none of them. */
const bootLoaderPackages = ['systemd-boot-efi', 'grub-pc-bin', 'grub-common']

/**
 * Takes stock of an image: every package with its source and licences, every file with its hashes and the package that it came
 * with, and what the initramfs and the boot loaders took from the tools.
 */
export const takeInventory: Executors['inventory'] = async (_, context) => {
  const { inputs, out } = context
  const card = join(inputs.payload.folder, 'payload.json')
  const payload = Payload.parse(JSON.parse(await readFile(card, 'utf8')))
  const { tree } = await readInspection(inputs.validate.folder)
  const root = withHashes(readDpkgRoot(layerOf(inputs.packages)), await recordsIn(inputs.packages.folder))
  const tools = readDpkgRoot(targetRoot(inputs))
  const rootFiles = ownFiles(await hashRoot(context), root, tree)
  const initramfs = await initramfsIn(join(inputs.payload.folder, 'initramfs'), rootFiles, {
    tools,
    toolRoot: targetRoot(inputs),
  })
  const inBootLoaders = tools.packages.filter(({ name }) => bootLoaderPackages.includes(name))
  const inRoot = new Set(root.packages.map(({ key }) => key))
  const taken = new Set([...initramfs.map(({ owner }) => owner), ...inBootLoaders.map(({ key }) => key)])
  const fromTools = tools.packages.filter(({ key }) => taken.has(key) && !inRoot.has(key))
  const packages = [...root.packages, ...fromTools].toSorted(byKey)
  const inventory: Inventory = {
    schema: 'kiln.inventory/v1',
    payload,
    payloadDigest: await prefixedFileDigest(card),
    packages,
    inRoot: [...inRoot].toSorted(),
    inBootLoaders: inBootLoaders.map(({ key }) => key).toSorted(),
    root: rootFiles,
    initramfs,
    licenceRefs: usedRefs(packages, new Map([...tools.licenceRefs, ...root.licenceRefs])),
  }
  await writeFile(join(out, inventoryFile), `${JSON.stringify(inventory)}\n`)
  return { facts: { packages: packages.length, files: rootFiles.length } }
}

export async function readInventory(folder: string): Promise<Inventory> {
  return JSON.parse(await readFile(join(folder, inventoryFile), 'utf8')) as Inventory
}

const hashScript = `
cd /run/work/root
find . -xdev ${emptiedFolders.map((folder) => `-path ./${folder} -prune -o`).join(' ')} -type f -print0 \\
  | LC_ALL=C sort --zero-terminated > /run/files
xargs --null --no-run-if-empty sha1sum --zero -- < /run/files > /run/work/scratch/sha1 & pid=$!
xargs --null --no-run-if-empty sha256sum --zero -- < /run/files > /run/work/scratch/sha256
wait "$pid"
`

/** Absolute path → hashes of each file that is in the root image. */
async function hashRoot(context: StepContext<'inventory'>): Promise<Map<string, FileHashes>> {
  const { inputs, scratch, signal, line: onLine } = context
  const sandbox = toolchainSandbox(inputs.toolchain, scratch, [
    { kind: 'tree-ro', layers: layersOf(inputs.packages, inputs.convert), target: '/run/work/root' },
    { kind: 'bind', source: scratch, target: '/run/work/scratch' },
  ])
  await runInSandbox(sandbox, ['sh', '-euc', hashScript], { signal, onLine })
  const [sha1 = '', sha256 = ''] = await Promise.all(
    ['sha1', 'sha256'].map((name) => readFile(join(scratch, name), 'utf8')),
  )
  return joinHashes(sha1, sha256)
}

async function recordsIn(folder: string): Promise<readonly PackageRecord[]> {
  const list = JSON.parse(await readFile(join(folder, 'packages.json'), 'utf8')) as {
    readonly packages: readonly PackageRecord[]
  }
  return list.packages
}

/** With what the lock knows of the package files. */
function withHashes(root: DpkgRoot, records: readonly PackageRecord[]): DpkgRoot {
  const known = new Map<string, PackageRecord>(
    records.map((each) => [`${each.name}_${each.version}_${each.architecture}`, each]),
  )
  const packages = root.packages.map((each): InventoryPackage => {
    const { sha256, file } = known.get(each.key) ?? {}
    return { ...each, ...(sha256 ? { sha256 } : {}), ...(file ? { file } : {}) }
  })
  return { ...root, packages }
}

/** Packages name their files by paths that may lead over links, such as `/bin/sh` where `/bin` is `/usr/bin`. */
function ownFiles(
  hashes: ReadonlyMap<string, FileHashes>,
  { owners }: DpkgRoot,
  tree: Tree,
): InventoryFile[] {
  const folders = new Map<string, string | undefined>()
  const realPath = (path: string) => {
    const at = path.lastIndexOf('/')
    const folder = path.slice(0, at)
    if (!folders.has(folder)) folders.set(folder, resolvePath(tree, folder || '/'))
    const real = folders.get(folder)
    return real && `${real === '/' ? '' : real}${path.slice(at)}`
  }
  const byRealPath = new Map([...owners].map(([path, owner]) => [realPath(path), owner] as const))
  return [...hashes].map(([path, { sha1, sha256 }]) => {
    const owner = byRealPath.get(path)
    return { path, sha1, sha256, ...(owner ? { owner } : {}) }
  })
}

interface Tools {
  readonly tools: DpkgRoot
  readonly toolRoot: string
}

/**
 * The files of the initramfs. Kernel modules are those of the root, unpacked; programs and libraries are found among the tools by
 * their names, and only taken for those where the content is the same.
 */
async function initramfsIn(
  file: string,
  root: readonly InventoryFile[],
  { tools, toolRoot }: Tools,
): Promise<InventoryFile[]> {
  const byName = Map.groupBy(tools.owners, ([path]) => path.slice(path.lastIndexOf('/') + 1))
  const modules = new Map(root.map(({ path, owner }) => [unpackedPath(path), owner]))
  return (await initramfsFiles(await readFile(file))).map(({ path, content }) => {
    const absolute = `/${path}`
    const hashes = { sha1: hexOf('sha1', content), sha256: hexOf('sha256', content) }
    const isSame = ([from]: [string, string]) => readInRoot(toolRoot, from)?.equals(content) ?? false
    const name = path.slice(path.lastIndexOf('/') + 1)
    const owner =
      modules.get(absolute) ?? modules.get(`/usr${absolute}`) ?? byName.get(name)?.find(isSame)?.[1]
    return { path: absolute, ...hashes, ...(owner ? { owner } : {}) }
  })
}

function usedRefs(
  packages: readonly InventoryPackage[],
  known: ReadonlyMap<string, { readonly name: string; readonly text?: string }>,
): Inventory['licenceRefs'] {
  const used = new Set(packages.flatMap(({ licence }) => licence?.match(/LicenseRef-[A-Za-z0-9.-]+/g) ?? []))
  return Object.fromEntries(
    [...known].filter(([ref]) => used.has(ref)).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}

function byKey(a: InventoryPackage, b: InventoryPackage): number {
  return a.key < b.key ? -1 : 1
}

function hexOf(algorithm: 'sha1' | 'sha256', content: Buffer): string {
  return createHash(algorithm).update(content).digest('hex')
}
