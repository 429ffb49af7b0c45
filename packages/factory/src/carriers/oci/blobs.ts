import { constants, copyFile, mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { prefixedFileDigest, sha256Digest } from '../../resolve/digest.ts'
import type { Descriptor } from './documents.ts'

/** Blobs of an OCI image layout (image-layout.md): files by their digests. */
export interface Blobs {
  /** JSON without blanks; equal data gives equal bytes, since its keys come in the order in which they were written. */
  putDocument(document: unknown, mediaType: string): Promise<Descriptor>
  putText(text: string, mediaType: string): Promise<Descriptor>
  /** The file is moved away from where it was. */
  take(file: string, mediaType: string): Promise<Descriptor>
  /** @param known digest and size, where somebody else found them out already */
  copy(file: string, mediaType: string, known?: { digest: string; size: number }): Promise<Descriptor>
}

/** Where a layout has its blobs. */
export function blobFolder(layout: string): string {
  return join(layout, 'blobs/sha256')
}

/** @param folder gets the blobs, by their digests; it is made */
export async function openBlobs(folder: string): Promise<Blobs> {
  await mkdir(folder, { recursive: true })
  const place = (digest: string) => join(folder, digest.replace('sha256:', ''))
  const blobs: Blobs = {
    putDocument: (document, mediaType) => blobs.putText(JSON.stringify(document), mediaType),
    async putText(text, mediaType) {
      const digest = sha256Digest(text)
      await writeFile(place(digest), text)
      return { mediaType, digest, size: Buffer.byteLength(text) }
    },
    async take(file, mediaType) {
      const [digest, { size }] = await Promise.all([prefixedFileDigest(file), stat(file)])
      await rename(file, place(digest))
      return { mediaType, digest, size }
    },
    async copy(file, mediaType, known) {
      const { digest, size } = known ?? {
        digest: await prefixedFileDigest(file),
        size: (await stat(file)).size,
      }
      await copyFile(file, place(digest), constants.COPYFILE_FICLONE)
      return { mediaType, digest, size }
    },
  }
  return blobs
}
