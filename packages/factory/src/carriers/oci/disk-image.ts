import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ociTypes } from '@kiln/contract'
import type { Executors } from '../../run/engine.ts'
import { copyTree } from '../../tools/cp.ts'
import { blobFolder, openBlobs } from './blobs.ts'
import { imageConfig, imageManifest, layoutIndex } from './documents.ts'
import { packLayer } from './layers.ts'
import { sameTimes } from './same-times.ts'

/** Where the field looks for a disk that is carried in a container image. */
const folderInImage = 'artifacts'

/**
 * An OCI image layout with one image, whose one layer has the disk of a board as `/artifacts/<file>`: nothing to run, but a way
 * to publish the disk where container images are published. `kiln unpack` takes it out.
 */
export const makeDiskImage: Executors['img-oci'] = async ({ params }, context) => {
  const { file, disk, tag, arch, epoch } = params
  const { inputs, scratch, signal, line } = context
  const layout = join(context.out, file)
  const blobs = await openBlobs(blobFolder(layout))
  const tree = join(scratch, 'tree')
  await mkdir(join(tree, folderInImage), { recursive: true })
  await copyTree(join(inputs.raw.folder, disk), join(tree, folderInImage, disk), signal)
  const work = join(scratch, 'work')
  await mkdir(work)
  const options = { toolchain: inputs.toolchain, folders: [tree] as const, compression: 'gzip' as const }
  const list = { members: [folderInImage, `${folderInImage}/${disk}`], whiteouts: [] }
  const layer = await packLayer(list, 'kiln disk', { ...options, blobs, scratch: work, signal, line })
  const config = await blobs.putDocument(imageConfig({ arch, epoch, release: {} }, [layer]), ociTypes.config)
  const image = await blobs.putDocument(imageManifest(config, [layer]), ociTypes.manifest)
  await writeFile(join(layout, 'index.json'), `${JSON.stringify(layoutIndex(image, tag))}\n`)
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}\n')
  const { digest } = image
  return { digest, facts: { digest, size: await sameTimes(layout, epoch) } }
}
