import { KilnError, ociAnnotations, parseImageReference } from '@kiln/contract'
import {
  blobPath,
  hasBlob,
  isIndexType,
  isManifestType,
  type LayoutDescriptor,
  type LayoutManifest,
  readBlobDocument,
  readLayoutIndex,
} from '../layout/read.ts'

/** A blob and where it lies. */
export interface CatalogBlob {
  readonly file: string
  readonly size: number
  readonly mediaType: string
}

/** One repository of a registry. Digests are `sha256:<hex>`. */
export interface Repository {
  /** Tag → digest. */
  readonly tags: Map<string, string>
  readonly manifests: Map<string, CatalogBlob>
  readonly blobs: Map<string, CatalogBlob>
  /** Digest → what is bound to it. */
  readonly referrers: Map<string, LayoutDescriptor[]>
}

/** Repositories by their names: with the registry that they come from, where they have one, and without. */
export interface Catalog {
  readonly repositories: ReadonlyMap<string, Repository>
}

/**
 * What some image layouts have, as repositories. Images for architectures that an index names and the layout does not have
 * are left out; everything else has to be there.
 * @param layouts folder → name for images that have only a tag
 * @throws KilnError E-LAYOUT-INVALID
 */
export async function readCatalog(layouts: ReadonlyMap<string, string>): Promise<Catalog> {
  const repositories = new Map<string, Repository>()
  for (const [layout, name] of layouts) {
    for (const entry of (await readLayoutIndex(layout)).manifests) {
      for (const [repository, tag] of namesOf(entry, name)) {
        const found = repositories.get(repository) ?? emptyRepository()
        repositories.set(repository, found)
        if (tag !== undefined && !found.tags.has(tag)) found.tags.set(tag, entry.digest)
        await addDocument(layout, entry, found)
      }
    }
  }
  return { repositories }
}

const emptyRepository = (): Repository => ({
  tags: new Map(),
  manifests: new Map(),
  blobs: new Map(),
  referrers: new Map(),
})

/** `registry.k8s.io/pause:3.10` is asked for as `registry.k8s.io/pause` or, by who takes this for a mirror, as `pause`. */
function namesOf({ annotations = {} }: LayoutDescriptor, name: string): [string, string | undefined][] {
  const tagText = annotations[ociAnnotations.refName]
  const text = annotations[ociAnnotations.containerdName] ?? tagText
  if (text === undefined) return [[name, undefined]]
  if (text === tagText && !text.includes('/')) return [[name, text]]
  const reference = parseImageReference(text)
  if (!reference) return []
  const { registry, repository, tag } = reference
  const names = [`${registry}/${repository}`, repository, repository.replace(/^library\//, '')]
  return [...new Set(names)].map((each) => [each, tag])
}

async function addDocument(layout: string, entry: LayoutDescriptor, repository: Repository): Promise<void> {
  const { digest, size, mediaType } = entry
  if (repository.manifests.has(digest)) return
  const document = await readBlobDocument(layout, entry)
  repository.manifests.set(digest, { file: blobPath(layout, digest), size, mediaType })
  if ('index' in document) {
    for (const inner of document.index.manifests) {
      if (!isIndexType(inner.mediaType) && !isManifestType(inner.mediaType)) continue
      if (await hasBlob(layout, inner)) await addDocument(layout, inner, repository)
    }
    return
  }
  await addManifest(layout, entry, document.manifest, repository)
}

async function addManifest(
  layout: string,
  entry: LayoutDescriptor,
  { artifactType, config, layers, subject }: LayoutManifest,
  repository: Repository,
): Promise<void> {
  for (const blob of [config, ...layers]) {
    if (!(await hasBlob(layout, blob))) {
      throw new KilnError('E-LAYOUT-INVALID', `${layout} lacks a blob, or has another: ${blob.digest}`)
    }
    const { digest, size, mediaType } = blob
    repository.blobs.set(digest, { file: blobPath(layout, digest), size, mediaType })
  }
  if (!subject) return
  const { mediaType, digest, size } = entry
  const bound = { mediaType, digest, size, artifactType: artifactType ?? config.mediaType }
  repository.referrers.set(subject.digest, [...(repository.referrers.get(subject.digest) ?? []), bound])
}
