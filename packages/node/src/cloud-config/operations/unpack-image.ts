import { parseImageReference } from '@kiln/contract'
import { listIfThere, removeTree } from '../../host/tree.ts'
import { SourceError } from '../../source/error.ts'
import { type ImageManifest, parseManifest } from '../../source/manifest.ts'
import { nodeSourceOptions } from '../../source/node-options.ts'
import { openImages } from '../../source/open.ts'
import type { Repository } from '../../source/registry.ts'
import { type Actor, OperationError, runOrFail } from './actor.ts'
import type { OperationOf } from './operation.ts'

/** Fetches a container image and unpacks its layers over each other into a folder, as this node reaches registries. */
export function unpackImage({ source, target, platform }: OperationOf<'unpack-image'>, actor: Actor): void {
  const { host, root, beat } = actor
  const image = parseImageReference(source.replace(/^(docker|oci|container):(\/\/)?/, ''))
  if (!image) throw new OperationError(`unpack_images: ${source} is not the name of an image`)
  const options = nodeSourceOptions(host)
  const folder = `${root}${target}`.replace(/\/+$/, '')
  try {
    const repository = openImages(host, image, options)
    const { layers } = manifestFor(
      repository,
      image.digest ?? image.tag ?? 'latest',
      platform ?? `linux/${options.arch}`,
    )
    host.mkdir(folder, { recursive: true })
    for (const [index, layer] of layers.entries()) {
      const file = `${folder}.kiln-layer`
      const name = `layer ${index + 1} of ${source}`
      try {
        repository.blob(layer, file, name, () => beat?.(`fetching ${name}`))
        unpackLayer(file, folder, actor)
      } finally {
        host.remove(file, { recursive: true })
      }
    }
  } catch (error) {
    if (error instanceof SourceError) throw new OperationError(`unpack_images: ${error.message}`)
    throw error
  }
}

function manifestFor(repository: Repository, reference: string, platform: string): ImageManifest {
  const top = parseManifest(repository.manifest(reference).text, reference)
  if (!('manifests' in top)) return top
  const [os, architecture] = platform.split('/')
  const found = top.manifests.find(
    (each) => each.platform?.os === os && each.platform?.architecture === architecture,
  )
  if (!found) throw new OperationError(`unpack_images: there is no image for ${platform}`)
  const manifest = parseManifest(repository.manifest(found.digest).text, reference)
  if ('manifests' in manifest) throw new OperationError('unpack_images: an index in an index')
  return manifest
}

const whiteout = '.wh.'
const opaque = '.wh..wh..opq'

/** Image specification, layer.md: what a layer takes away goes before what it brings comes. */
function unpackLayer(file: string, folder: string, actor: Actor): void {
  const { host } = actor
  const names = runOrFail(actor, ['tar', '--list', '--file', file]).split('\n')
  for (const path of names) {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.')
    const name = parts.pop() ?? ''
    if (!name.startsWith(whiteout) || parts.includes('..')) continue
    const parent = [folder, ...parts].join('/')
    if (name !== opaque) removeTree(host, `${parent}/${name.slice(whiteout.length)}`)
    else for (const child of listIfThere(host, parent)) removeTree(host, `${parent}/${child}`)
  }
  const extract = ['tar', '--extract', '--file', file, '--directory', folder, '--numeric-owner'] as const
  runOrFail(actor, [...extract, '--exclude', `${whiteout}*`])
}
