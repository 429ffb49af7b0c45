import { constants, copyFile, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError, ociAnnotations, ociTypes } from '@kiln/contract'
import {
  blobPath,
  hasBlob,
  type LayoutDescriptor,
  readBlobDocument,
  readLayoutIndex,
} from '../layout/read.ts'
import { sha256Digest } from '../resolve/digest.ts'

/** An image layout that grows: blobs that it has are kept, and what its index does not lead to goes at the end. */
export interface BundleLayout {
  readonly folder: string
  /** Bytes that were not there before. */
  readonly added: () => number
  has(blob: { readonly digest: string; readonly size: number }): Promise<boolean>
  /** Copies a blob, unless it is there. */
  copy(file: string, blob: { readonly digest: string; readonly size: number }): Promise<void>
  /** Moves it, where it lies on the same file system. */
  take(file: string, blob: { readonly digest: string; readonly size: number }): Promise<void>
  putText(text: string): Promise<{ readonly digest: string; readonly size: number }>
  /** Names what is in it, in one step, and removes what is not. @returns digest of index.json, and bytes of all blobs */
  finish(entries: readonly LayoutDescriptor[]): Promise<{ readonly digest: string; readonly size: number }>
}

/**
 * @param folder new, empty, or a bundle that is to be renewed
 * @throws KilnError E-CONFIG-EXISTS where something else is there
 */
export async function openBundle(folder: string): Promise<BundleLayout> {
  const inside: string[] = await readdir(folder).catch(() => [])
  if (inside.length > 0 && !inside.includes('oci-layout')) {
    throw new KilnError('E-CONFIG-EXISTS', `${folder} is there, and is no bundle`, {
      hint: 'name a new or empty folder, or a bundle to renew',
    })
  }
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true })
  // First: what is interrupted can be gone on with.
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}\n')
  let added = 0
  const has: BundleLayout['has'] = (blob) => hasBlob(folder, blob)
  const put = async (
    blob: { readonly digest: string; readonly size: number },
    write: (partial: string) => Promise<void>,
  ) => {
    if (await has(blob)) return
    const partial = join(folder, 'blobs', `.${blob.digest.replace('sha256:', '')}.part`)
    await write(partial)
    await rename(partial, blobPath(folder, blob.digest))
    added += blob.size
  }
  return {
    folder,
    added: () => added,
    has,
    copy: (file, blob) => put(blob, (partial) => copyFile(file, partial, constants.COPYFILE_FICLONE)),
    take: (file, blob) => put(blob, (partial) => rename(file, partial)),
    async putText(text) {
      const digest = sha256Digest(text)
      const blob = { digest, size: Buffer.byteLength(text) }
      await put(blob, (partial) => writeFile(partial, text))
      return blob
    },
    async finish(entries) {
      const index = { schemaVersion: 2, mediaType: ociTypes.index, manifests: entries }
      const text = `${JSON.stringify(index)}\n`
      await writeFile(join(folder, '.index.json.part'), text)
      await rename(join(folder, '.index.json.part'), join(folder, 'index.json'))
      const digest = sha256Digest(text)
      return { digest, size: await sweep(folder) }
    },
  }
}

/** Copies all that the entries of a layout lead to. @returns the entries */
export async function addLayout(bundle: BundleLayout, layout: string): Promise<readonly LayoutDescriptor[]> {
  const { manifests } = await readLayoutIndex(layout)
  for (const [digest, size] of await reachable(layout)) {
    await bundle.copy(blobPath(layout, digest), { digest, size })
  }
  return manifests
}

/** Under which names an image is found: by its tag for a node, by the whole name for a registry and for containerd. */
export function named(entry: LayoutDescriptor, reference: string, tag: string | undefined): LayoutDescriptor {
  const { mediaType, digest, size } = entry
  return {
    ...{ mediaType, digest, size },
    annotations: {
      [ociAnnotations.containerdName]: reference,
      [ociAnnotations.refName]: tag ?? reference,
    },
  }
}

/** Removes blobs that nothing names. @returns bytes of those that stay */
async function sweep(folder: string): Promise<number> {
  const wanted = await reachable(folder)
  for (const name of await readdir(join(folder, 'blobs/sha256'))) {
    if (!wanted.has(`sha256:${name}`)) await rm(join(folder, 'blobs/sha256', name))
  }
  return [...wanted.values()].reduce((sum, size) => sum + size, 0)
}

/** Digest → bytes of everything that a layout has and its index leads to. Images of an index that it has not are left out. */
async function reachable(layout: string): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  const visit = async (entry: LayoutDescriptor): Promise<void> => {
    if (found.has(entry.digest)) return
    const there = await stat(blobPath(layout, entry.digest)).catch(() => undefined)
    if (!there) return
    found.set(entry.digest, entry.size)
    const document = await readBlobDocument(layout, entry)
    if ('index' in document) for (const inner of document.index.manifests) await visit(inner)
    else
      for (const { digest, size } of [document.manifest.config, ...document.manifest.layers])
        found.set(digest, size)
  }
  for (const entry of (await readLayoutIndex(layout)).manifests) await visit(entry)
  return found
}
