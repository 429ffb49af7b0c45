import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError, ociAnnotations, ociTypes } from '@kiln/contract'
import { isManifestType, type LayoutManifest, readBlobDocument, readLayoutIndex } from '../../layout/read.ts'
import type { Executors } from '../../run/engine.ts'
import { runInSandbox } from '../../sandbox/sandbox.ts'
import { toolchainSandbox } from '../../toolchain/toolchain.ts'
import { createArchiveArguments } from '../../tools/tar.ts'
import { finishArtifact } from '../finish-artifact.ts'
import type { Descriptor } from './documents.ts'

/**
 * The container image without its payload, as one file: what `docker load`, `podman load` and `ctr images import` take. It is an
 * image layout that has Docker's manifest.json beside its index.json, as Docker itself writes it since version 25.
 */
export const makeDockerArchive: Executors['docker'] = async ({ params }, context) => {
  const { file, layout, name, tag, epoch } = params
  const { inputs, scratch, out, signal, line } = context
  const image = await findImage(join(inputs.oci.folder, layout))
  const documents = join(scratch, 'documents')
  await mkdir(documents)
  const written = archiveDocuments(image, { name, tag })
  for (const [path, content] of Object.entries(written)) {
    await writeFile(join(documents, path), `${JSON.stringify(content)}\n`)
  }
  const { config, layers } = image.manifest
  const blobs = [config, image.descriptor, ...layers].map(({ digest }) => blobName(digest))
  const sandbox = toolchainSandbox(inputs.toolchain, scratch, [
    { kind: 'bind-ro', source: documents, target: '/run/work/documents' },
    { kind: 'bind-ro', source: join(inputs.oci.folder, layout), target: '/run/work/layout' },
    { kind: 'bind', source: out, target: '/run/work/out' },
  ])
  const argv = createArchiveArguments({
    target: `/run/work/out/${file}`,
    epoch,
    members: [
      { folder: '/run/work/documents', names: Object.keys(written) },
      { folder: '/run/work/layout', names: [...new Set(blobs)].sort() },
    ],
  })
  await runInSandbox(sandbox, argv, { signal, onLine: line })
  return finishArtifact(out, file)
}

interface Image {
  readonly descriptor: Descriptor
  readonly manifest: LayoutManifest
}

/** The image that a tag of a layout names, beside its payload. */
async function findImage(layout: string): Promise<Image> {
  const [top] = (await readLayoutIndex(layout)).manifests
  const document = top && (await readBlobDocument(layout, top))
  const entries = document && 'index' in document ? document.index.manifests : []
  const found = entries.find(
    ({ platform, mediaType }) => platform?.os === 'linux' && isManifestType(mediaType),
  )
  const manifest = found && (await readBlobDocument(layout, found))
  if (!found || !manifest || !('manifest' in manifest)) {
    throw new KilnError('E-BUG', `the layout ${layout} has no image`)
  }
  const { mediaType, digest, size } = found
  return { descriptor: { mediaType, digest, size }, manifest: manifest.manifest }
}

/** In the order in which they are packed: who reads a stream knows first what it is. */
export function archiveDocuments(
  { descriptor, manifest }: Image,
  { name, tag }: { readonly name: string; readonly tag: string },
): Record<'oci-layout' | 'index.json' | 'manifest.json', unknown> {
  const { config, layers } = manifest
  return {
    'oci-layout': { imageLayoutVersion: '1.0.0' },
    'index.json': {
      schemaVersion: 2,
      mediaType: ociTypes.index,
      manifests: [
        {
          ...descriptor,
          annotations: {
            [ociAnnotations.containerdName]: `docker.io/library/${name}:${tag}`,
            [ociAnnotations.refName]: tag,
          },
        },
      ],
    },
    'manifest.json': [
      {
        Config: blobName(config.digest),
        RepoTags: [`${name}:${tag}`],
        Layers: layers.map(({ digest }) => blobName(digest)),
      },
    ],
  }
}

function blobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}
