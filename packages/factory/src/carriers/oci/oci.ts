import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError, ociTypes, Payload, payloadCard } from '@kiln/contract'
import { rootImageFile } from '../../payload/root-image.ts'
import type { OciParams } from '../../plan/step.ts'
import { layersOf } from '../../rootfs/layers.ts'
import { readInRoot } from '../../rootfs/read-root.ts'
import type { Executors, StepContext } from '../../run/engine.ts'
import { type Blobs, blobFolder, openBlobs } from './blobs.ts'
import {
  type Descriptor,
  imageConfig,
  imageIndex,
  imageManifest,
  type Layer,
  layoutIndex,
  payloadManifest,
} from './documents.ts'
import { readImageLayers } from './image-layers.ts'
import { listLayer, packLayer } from './layers.ts'
import { sameTimes } from './same-times.ts'

/**
 * An OCI image layout: the system as a container image, and bound to it the payload, whose files are blobs as they are. Its
 * digest is known before anything is pushed, and the same in each build.
 */
export const makeOci: Executors['oci'] = async ({ params }, context) => {
  const { file, tag, arch, compression, epoch } = params
  const layout = join(context.out, file)
  const blobs = await openBlobs(blobFolder(layout))
  const layers = await packLayers(blobs, params, context)
  const release = readRelease(context.inputs.convert.folder)
  const config = await blobs.putDocument(imageConfig({ arch, epoch, release }, layers), ociTypes.config)
  const image = await blobs.putDocument(imageManifest(config, layers), ociTypes.manifest)
  const { card, files } = await payloadFiles(blobs, context)
  const empty = await blobs.putText('{}', ociTypes.empty)
  const payload = await blobs.putDocument(payloadManifest(empty, files, image), ociTypes.manifest)
  const identity = { ...card.image, arch }
  const index = await blobs.putDocument(
    imageIndex({ ...image, compression }, payload, identity, epoch),
    ociTypes.index,
  )
  await writeFile(join(layout, 'index.json'), `${JSON.stringify(layoutIndex(index, tag))}\n`)
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}\n')
  const { digest } = index
  return { digest, facts: { digest, payload: payload.digest, size: await sameTimes(layout, epoch) } }
}

/** The packages are packed already; on top comes what Kiln made of them. */
async function packLayers(
  blobs: Blobs,
  { compression }: OciParams,
  { inputs, scratch, signal, line }: StepContext<'oci'>,
): Promise<Layer[]> {
  const { packages, convert, toolchain } = inputs
  const layers: Layer[] = []
  for (const { file, ...layer } of await readImageLayers(inputs['image-layers'].folder)) {
    await blobs.copy(file, layer.mediaType, layer)
    layers.push(layer)
  }
  const folders = layersOf(packages, convert)
  const options = { toolchain, folders, compression, blobs, scratch, signal, line }
  return [...layers, await packLayer(await listLayer(options), 'kiln conversion', options)]
}

type NamedFile = Descriptor & { readonly file: string }

/** The card comes first, so that who reads in order knows what follows; the root image, which is large, last. */
async function payloadFiles(
  blobs: Blobs,
  { inputs }: StepContext<'oci'>,
): Promise<{ card: Payload; files: NamedFile[] }> {
  const { folder } = inputs.payload
  const card = Payload.parse(JSON.parse(await readFile(join(folder, payloadCard), 'utf8')))
  const { uki, kernel, initramfs, packages, bootLoader, root } = card
  const type = ociTypes.payloadFile
  const files: NamedFile[] = [{ file: payloadCard, ...(await blobs.copy(join(folder, payloadCard), type)) }]
  for (const { file, digest, size } of [packages, ...bootLoader.files, initramfs, kernel, uki]) {
    files.push({ file, ...(await blobs.copy(join(folder, file), type, { digest, size })) })
  }
  const image = join(inputs['root-image'].folder, rootImageFile)
  const { digest, size } = root
  files.push({ file: root.file, ...(await blobs.copy(image, type, { digest, size })) })
  return { card, files }
}

function readRelease(folder: string): Record<string, string> {
  const text = readInRoot(join(folder, 'layer'), '/etc/kairos-release')?.toString('utf8')
  if (text === undefined) throw new KilnError('E-BUG', 'the converted root has no /etc/kairos-release')
  return Object.fromEntries(
    [...text.matchAll(/^(\w+)="(.*)"$/gm)].map(([, key = '', value = '']) => [key, value]),
  )
}
