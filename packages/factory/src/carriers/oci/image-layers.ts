import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { mapLimited } from '../../pool/map-limited.ts'
import { layersOf } from '../../rootfs/layers.ts'
import type { Executors } from '../../run/engine.ts'
import { openBlobs } from './blobs.ts'
import type { Layer } from './documents.ts'
import { listLayer, packLayer } from './layers.ts'
import { readOwners } from './owners.ts'
import { splitRoot } from './split.ts'

const listFile = 'layers.json'

/**
 * The packages as layers of a container image, each a file called by its digest. A step of its own: it is done once for all
 * versions that have the same packages.
 */
export const makeImageLayers: Executors['image-layers'] = async ({ params }, context) => {
  const { inputs, out, scratch, signal, line, progress } = context
  const { packages, toolchain } = inputs
  const { compression } = params
  const blobs = await openBlobs(out)
  const folders = layersOf(packages)
  const options = async (name: string) => {
    const own = join(scratch, name)
    await mkdir(own)
    return { toolchain, folders, compression, blobs, scratch: own, signal, line }
  }
  const { entries } = await listLayer(await options('list'))
  const parts = splitRoot(entries, readOwners(folders[0]))
  const packed = new Map<string, Layer>()
  // The largest first, so that it does not keep all others waiting at the end.
  const largestFirst = parts.toSorted((a, b) => b.bytes - a.bytes)
  await mapLimited(largestFirst, availableParallelism(), async ({ name, members }) => {
    const list = { members, whiteouts: [] }
    packed.set(name, await packLayer(list, `kiln packages: ${name}`, await options(`part-${name}`)))
    progress(packed.size, parts.length, 'items')
  })
  const layers = parts.flatMap(({ name }) => packed.get(name) ?? [])
  await writeFile(join(out, listFile), `${JSON.stringify(layers, undefined, 1)}\n`)
  const size = layers.reduce((sum, layer) => sum + layer.size, 0)
  const hex = ({ digest }: Layer) => digest.replace('sha256:', '')
  const fileDigests = Object.fromEntries(layers.map((layer) => [hex(layer), hex(layer)]))
  return { facts: { layers: layers.length, size }, fileDigests }
}

/** The layers that a step made, lowest first, with the file of each. */
export async function readImageLayers(folder: string): Promise<(Layer & { readonly file: string })[]> {
  const layers = JSON.parse(await readFile(join(folder, listFile), 'utf8')) as Layer[]
  return layers.map((layer) => ({ ...layer, file: join(folder, layer.digest.replace('sha256:', '')) }))
}
