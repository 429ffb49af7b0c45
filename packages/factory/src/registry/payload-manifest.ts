import { KilnError, ociAnnotations, ociTypes, payloadReference } from '@kiln/contract'
import * as z from 'zod'

/** The payload in what a tag names: OCI image specification 1.1, image-index.md and manifest.md. Pure. */
const Descriptor = z.object({
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  /** Bytes. */
  size: z.number(),
  artifactType: z.string().optional(),
  platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
})
const Index = z.object({ manifests: z.array(Descriptor) })
const Manifest = z.object({ artifactType: z.string().optional(), layers: z.array(Descriptor) })

export type Found =
  /** What was looked at is the payload itself. */
  | { readonly kind: 'payload'; readonly files: readonly PulledFile[] }
  /** It is another manifest, by its digest. */
  | { readonly kind: 'elsewhere'; readonly digest: string }

export interface PulledFile {
  readonly file: string
  readonly digest: string
  /** Bytes. */
  readonly size: number
}

/**
 * @param arch which one is meant, where there are several
 * @throws KilnError E-PAYLOAD-MISSING, E-USAGE where the architecture has to be named
 */
export function findPayload(text: string, reference: string, arch: string | undefined): Found {
  const data = readJson(text)
  const index = Index.safeParse(data)
  if (index.success) return { kind: 'elsewhere', digest: payloadOf(index.data, reference, arch) }
  const manifest = Manifest.safeParse(data)
  if (!manifest.success || manifest.data.artifactType !== ociTypes.payload) throw missing(reference)
  return {
    kind: 'payload',
    files: manifest.data.layers.map(({ digest, size, annotations }) => {
      const file = annotations?.[ociAnnotations.title] ?? ''
      if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(file)) return { file, digest, size }
      throw new KilnError('E-PAYLOAD-DAMAGED', `the payload of ${reference} has a file without a proper name`)
    }),
  }
}

function payloadOf(
  { manifests }: z.infer<typeof Index>,
  reference: string,
  arch: string | undefined,
): string {
  const payloads = manifests.flatMap(({ digest, artifactType, annotations }) => {
    const isPayload =
      artifactType === ociTypes.payload || annotations?.[ociAnnotations.referenceType] === payloadReference
    const image = annotations?.[ociAnnotations.referenceDigest]
    const platform = manifests.find((other) => other.digest === image)?.platform
    return isPayload ? [{ digest, arch: platform?.architecture }] : []
  })
  const [first, ...others] = payloads.filter((payload) => arch === undefined || payload.arch === arch)
  if (first && others.length === 0) return first.digest
  const known = payloads.map((payload) => payload.arch ?? 'unknown').join(', ')
  if (payloads.length === 0) throw missing(reference)
  throw new KilnError('E-USAGE', `${reference} has payloads for: ${known}`, { hint: 'name one with --arch' })
}

function missing(reference: string): KilnError {
  return new KilnError('E-PAYLOAD-MISSING', `${reference} has no payload`, {
    hint: 'it may be an ordinary container image; kiln push makes images with a payload',
  })
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
