import { parseImageReference } from '@kiln/contract'
import * as z from 'zod/mini'
import { listIfThere, readIfThere, removeTree } from '../../host/tree.ts'
import { SourceError } from '../../source/error.ts'
import { type ImageManifest, parseManifest } from '../../source/manifest.ts'
import { nodeSourceOptions } from '../../source/node-options.ts'
import { openImages } from '../../source/open.ts'
import type { Repository } from '../../source/registry.ts'
import { type Actor, OperationError, runOrFail } from './actor.ts'
import type { OperationOf } from './operation.ts'

/** Inside of the folder, for that may be all that can be written. */
const scratch = '.kiln-layer'

export function unpackImage({ source, target, platform }: OperationOf<'unpack-image'>, actor: Actor): void {
  const folder = `${actor.root}${target}`.replace(/\/+$/, '')
  unpackFromRegistry('unpack_images', source, { folder, platform }, actor)
}

/**
 * Fetches a container image and unpacks its layers over each other into a folder, as this node reaches registries.
 * @param module who wants it, for messages
 * @param source its name, with or without a scheme of the field
 */
export function unpackFromRegistry(
  module: string,
  source: string,
  { folder, platform }: { readonly folder: string; readonly platform: string | undefined },
  actor: Actor,
): void {
  const { host, beat, registries } = actor
  const image = parseImageReference(source.replace(/^(docker|oci|container):(\/\/)?/, ''))
  if (!image) throw new OperationError(`${module}: ${source} is not the name of an image`)
  try {
    const usual = nodeSourceOptions(host)
    const options = registries ? { ...usual, settings: { ...usual.settings, registries } } : usual
    const repository = openImages(host, image, options)
    const reference = image.digest ?? image.tag ?? 'latest'
    const wanted = platform ?? `linux/${options.arch}`
    const { layers } = manifestFor(repository, reference, wanted, module)
    host.mkdir(folder, { recursive: true })
    for (const [index, layer] of layers.entries()) {
      const file = `${folder}/${scratch}`
      const name = `layer ${index + 1} of ${source}`
      try {
        repository.blob(layer, file, name, () => beat?.(`fetching ${name}`))
        unpackLayer(file, folder, actor)
      } finally {
        host.remove(file, { recursive: true })
      }
    }
  } catch (error) {
    if (error instanceof SourceError) throw new OperationError(`${module}: ${error.message}`)
    throw error
  }
}

/** manifest.json of `docker save`: an image for each name that was saved, with the files of its layers. */
const Saved = z.array(z.object({ Layers: z.array(z.string()) })).check(z.minLength(1))

/** The same for an archive of one image, as `docker save` makes it. */
export function unpackArchive(file: string, folder: string, actor: Actor): void {
  const { host } = actor
  const work = `${folder}/${scratch}`
  host.mkdir(work, { recursive: true })
  try {
    runOrFail(actor, ['tar', '--extract', '--file', file, '--directory', work])
    const read = z.safeParse(Saved, parseJson(readIfThere(host, `${work}/manifest.json`)))
    const [image] = read.success ? read.data : []
    if (!image || image.Layers.some((layer) => layer.split('/').includes('..')))
      throw new OperationError(`bundles: ${file} is no archive of an image, as docker save makes it`)
    for (const layer of image.Layers) unpackLayer(`${work}/${layer}`, folder, actor)
  } finally {
    host.remove(work, { recursive: true })
  }
}

function parseJson(text = ''): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function manifestFor(
  repository: Repository,
  reference: string,
  platform: string,
  module: string,
): ImageManifest {
  const top = parseManifest(repository.manifest(reference).text, reference)
  if (!('manifests' in top)) return top
  const [os, architecture] = platform.split('/')
  const found = top.manifests.find(
    (each) => each.platform?.os === os && each.platform?.architecture === architecture,
  )
  if (!found) throw new OperationError(`${module}: there is no image for ${platform}`)
  const manifest = parseManifest(repository.manifest(found.digest).text, reference)
  if ('manifests' in manifest) throw new OperationError(`${module}: an index in an index`)
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
    else
      for (const child of listIfThere(host, parent).filter((each) => each !== scratch))
        removeTree(host, `${parent}/${child}`)
  }
  const extract = ['tar', '--extract', '--file', file, '--directory', folder, '--numeric-owner'] as const
  runOrFail(actor, [...extract, '--exclude', `${whiteout}*`])
}
