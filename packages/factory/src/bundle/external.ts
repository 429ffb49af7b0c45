import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Architecture, KilnError, ociTypes } from '@kiln/contract'
import * as z from 'zod'
import type { ContainerTools } from '../bases/container-tools.ts'
import { fetchBlobs, type ImageOptions, inspectImage, nameOf } from '../bases/image.ts'
import { chooseManifest, parseManifest } from '../bases/manifest.ts'
import { type RegistryAccess, registryAccess } from '../bases/registry-access.ts'
import type { LayoutDescriptor } from '../layout/read.ts'
import { translated } from '../registry/errors.ts'
import { withScratch } from '../registry/push.ts'
import { sha256Digest } from '../resolve/digest.ts'
import type { BundleLayout } from './bundle-layout.ts'
import type { LockedImage } from './locked-images.ts'

export interface ExternalOptions {
  readonly tools: ContainerTools
  readonly access?: RegistryAccess
  /** Which of the images of an index are taken along. */
  readonly architectures: readonly Architecture[]
  readonly signal: AbortSignal
  readonly line: (text: string) => void
}

/**
 * Puts a container image into a bundle, byte for byte: the index as it is, so that its digest stays, and of its images those for
 * some architectures.
 * @throws KilnError E-IMAGE-MISSING, E-REGISTRY-*
 */
export async function addExternal(
  bundle: BundleLayout,
  { reference, digest }: LockedImage,
  options: ExternalOptions,
): Promise<LayoutDescriptor> {
  const access = options.access ?? registryAccess(process.env, reference)
  const fetch = (each: string) => fetchManifest(bundle, `${nameOf(reference)}@${each}`, each, access, options)
  try {
    const top = await withScratch((scratch) =>
      inspectImage(
        'manifest',
        { kind: 'oci', reference: `${nameOf(reference)}@${digest}` },
        imageOptions(scratch, access, options),
      ),
    )
    requireDigest(top, digest, reference)
    const parsed = parseManifest(top)
    if (!('manifests' in parsed)) await fetch(digest)
    else for (const arch of options.architectures) await fetch(chooseManifest(parsed, arch))
    return { mediaType: mediaTypeOf(top), ...(await bundle.putText(top)) }
  } catch (error) {
    throw translated(error, reference, 'does not give out')
  }
}

async function fetchManifest(
  bundle: BundleLayout,
  reference: string,
  digest: string,
  access: RegistryAccess,
  options: ExternalOptions,
): Promise<void> {
  await withScratch(async (scratch) => {
    const source = { kind: 'oci' as const, reference }
    const image = imageOptions(scratch, access, options)
    const text = await inspectImage('manifest', source, image)
    requireDigest(text, digest, reference)
    const manifest = parseManifest(text)
    if ('manifests' in manifest)
      throw new KilnError('E-IMAGE-MISSING', `${reference} is an index in an index`)
    const blobs = [manifest.config, ...manifest.layers]
    const there = await Promise.all(blobs.map((blob) => bundle.has(blob)))
    if (there.includes(false)) {
      const target = join(scratch, 'blobs')
      await mkdir(target)
      await fetchBlobs(source, digest, target, image)
      for (const blob of blobs) await bundle.copy(join(target, blob.digest.replace('sha256:', '')), blob)
    }
    await bundle.putText(text)
  })
}

function imageOptions(scratch: string, access: RegistryAccess, options: ExternalOptions): ImageOptions {
  const { tools, signal, line, architectures } = options
  return { tools, access, arch: architectures[0] ?? 'amd64', scratch, signal, onLine: line }
}

function requireDigest(text: string, digest: string, reference: string): void {
  if (sha256Digest(text) === digest) return
  throw new KilnError('E-IMAGE-MISSING', `the registry gives something else for ${reference}`)
}

const Typed = z.object({ mediaType: z.string().optional(), manifests: z.array(z.unknown()).optional() })

/** Older OCI documents do not say what they are. */
function mediaTypeOf(text: string): string {
  const { mediaType, manifests } = Typed.parse(JSON.parse(text))
  return mediaType ?? (manifests ? ociTypes.index : ociTypes.manifest)
}
