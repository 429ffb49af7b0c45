import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError, ociTypes } from '@kiln/contract'
import * as z from 'zod'
import { sha256Digest } from '../resolve/digest.ts'

/** OCI image layouts: image-layout.md, image-index.md and manifest.md of the OCI image specification 1.1. */
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const Descriptor = z.object({
  mediaType: z.string(),
  digest,
  /** Bytes. */
  size: z.number(),
  artifactType: z.string().optional(),
  platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() }).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
})
export type LayoutDescriptor = z.infer<typeof Descriptor>

const Index = z.object({
  manifests: z.array(Descriptor),
  annotations: z.record(z.string(), z.string()).optional(),
})
const Manifest = z.object({
  artifactType: z.string().optional(),
  config: Descriptor,
  layers: z.array(Descriptor),
  subject: Descriptor.optional(),
})
export type LayoutIndex = z.infer<typeof Index>
export type LayoutManifest = z.infer<typeof Manifest>

/** Where a layout has a blob. @param digest `sha256:<hex>` */
export function blobPath(layout: string, digest: string): string {
  return join(layout, 'blobs/sha256', digest.replace('sha256:', ''))
}

/** @throws KilnError E-LAYOUT-INVALID where the folder is no image layout */
export async function readLayoutIndex(layout: string): Promise<LayoutIndex> {
  const about = await readText(join(layout, 'oci-layout'), layout)
  const { imageLayoutVersion } = parse(z.object({ imageLayoutVersion: z.string() }), about, layout)
  if (!imageLayoutVersion.startsWith('1.')) {
    throw new KilnError('E-LAYOUT-INVALID', `${layout} is an image layout of version ${imageLayoutVersion}`)
  }
  return parse(Index, await readText(join(layout, 'index.json'), layout), layout)
}

/** A document of a layout, compared with its digest. @throws KilnError E-LAYOUT-INVALID */
export async function readBlobDocument(
  layout: string,
  { mediaType, digest }: Pick<LayoutDescriptor, 'mediaType' | 'digest'>,
): Promise<{ readonly index: LayoutIndex } | { readonly manifest: LayoutManifest }> {
  const text = await readText(blobPath(layout, digest), layout)
  if (sha256Digest(text) !== digest) {
    throw new KilnError('E-LAYOUT-INVALID', `a blob of ${layout} is not what its name says`, {
      output: digest,
    })
  }
  return isIndexType(mediaType)
    ? { index: parse(Index, text, layout) }
    : { manifest: parse(Manifest, text, layout) }
}

export function isIndexType(mediaType: string): boolean {
  return mediaType === ociTypes.index || mediaType === ociTypes.dockerIndex
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === ociTypes.manifest || mediaType === ociTypes.dockerManifest
}

/** Whether a layout has a blob, with the size that a descriptor names. */
export async function hasBlob(
  layout: string,
  { digest, size }: Pick<LayoutDescriptor, 'digest' | 'size'>,
): Promise<boolean> {
  const found = await stat(blobPath(layout, digest)).catch(() => undefined)
  return found?.isFile() === true && found.size === size
}

async function readText(file: string, layout: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const { code } = cause
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EISDIR') throw cause
    throw new KilnError('E-LAYOUT-INVALID', `${layout} is no whole OCI image layout: there is no ${file}`, {
      cause,
      hint: 'the artifact oci and kiln bundle make one',
    })
  })
}

function parse<T>(schema: z.ZodType<T>, text: string, layout: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new KilnError('E-LAYOUT-INVALID', `a document of ${layout} cannot be read`, { cause })
  }
}
