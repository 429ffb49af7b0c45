import { ociAnnotations, ociTypes, payloadReference } from '@kiln/contract'
import * as z from 'zod/mini'
import { SourceError } from './error.ts'

/**
 * Manifests and indexes, as registries and layouts keep them. Formats: OCI image specification (manifest.md,
 * image-index.md), Docker image manifest version 2, schema 2.
 */
const Digest = z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/))
const Annotations = z.record(z.string(), z.string())
const Descriptor = z.object({
  mediaType: z.optional(z.string()),
  digest: Digest,
  /** Bytes. */
  size: z.number(),
  artifactType: z.optional(z.string()),
  platform: z.optional(z.object({ os: z.string(), architecture: z.string() })),
  annotations: z.optional(Annotations),
})
const Index = z.object({ manifests: z.array(Descriptor) })
const Manifest = z.object({
  artifactType: z.optional(z.string()),
  config: Descriptor,
  layers: z.array(Descriptor),
  annotations: z.optional(Annotations),
})

export type Descriptor = z.infer<typeof Descriptor>
export type ImageIndex = z.infer<typeof Index>
export type ImageManifest = z.infer<typeof Manifest>

/** What a registry is told that we can read. */
export const manifestTypes = [
  ociTypes.index,
  ociTypes.manifest,
  ociTypes.dockerIndex,
  ociTypes.dockerManifest,
] as const

/** @throws SourceError wrong-media for anything that is neither index nor manifest */
export function parseManifest(text: string, name: string): ImageIndex | ImageManifest {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (cause) {
    throw new SourceError('wrong-media', `${name} is no manifest of an image`, cause)
  }
  for (const schema of [Index, Manifest]) {
    const result = z.safeParse(schema, data)
    if (result.success) return result.data
  }
  throw new SourceError('wrong-media', `${name} is neither an index nor a manifest of an image`)
}

/**
 * The payload's manifest for an architecture, in an index. An index may hold several images, each with its payload.
 * @param arch Go's name of the architecture, which Kiln shares: `amd64`
 * @throws SourceError wrong-media, wrong-architecture
 */
export function choosePayload({ manifests }: ImageIndex, arch: string, name: string): Descriptor {
  const payloads = manifests.filter(isPayload)
  if (payloads.length === 0) {
    throw new SourceError('wrong-media', `${name} holds a container image, but no payload beside it`)
  }
  const architectureOf = (payload: Descriptor) => {
    const image = payload.annotations?.[ociAnnotations.referenceDigest]
    return manifests.find(({ digest }) => digest === image)?.platform?.architecture
  }
  const chosen = payloads.find((payload) => architectureOf(payload) === arch)
  if (chosen) return chosen
  const unknown = payloads.filter((payload) => architectureOf(payload) === undefined)
  // Who does not say for what it is shows it in its payload.json.
  if (unknown.length === 1 && unknown[0] && payloads.length === 1) return unknown[0]
  const known = payloads.map(architectureOf).filter((found) => found !== undefined)
  throw new SourceError(
    'wrong-architecture',
    `${name} has no payload for ${arch}${known.length > 0 ? `; it has: ${known.join(', ')}` : ''}`,
  )
}

function isPayload({ artifactType, annotations }: Descriptor): boolean {
  return artifactType === ociTypes.payload || annotations?.[ociAnnotations.referenceType] === payloadReference
}

/** A file of a payload, as its manifest has it. */
export interface Blob {
  readonly digest: string
  /** Bytes. */
  readonly size: number
}

/** File name → blob. @throws SourceError wrong-media */
export function payloadBlobs(manifest: ImageManifest, name: string): ReadonlyMap<string, Blob> {
  if (manifest.artifactType !== ociTypes.payload) {
    throw new SourceError('wrong-media', `${name} is a container image, not a payload`)
  }
  return new Map(
    manifest.layers.flatMap(({ annotations, digest, size }) => {
      const title = annotations?.[ociAnnotations.title]
      return title === undefined ? [] : [[title, { digest, size }] as const]
    }),
  )
}
