import { type Architecture, KilnError } from '@kiln/contract'
import * as z from 'zod'

/**
 * Manifests of images, as registries and layouts keep them. Formats: OCI image specification (manifest.md,
 * image-index.md) and Docker image manifest version 2, schema 2; both have the same shape in what Kiln reads.
 */
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const Descriptor = z.object({
  digest,
  /** Bytes. */
  size: z.number(),
  platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() }).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
})
const Index = z.object({ manifests: z.array(Descriptor) })
const Manifest = z.object({ config: Descriptor, layers: z.array(Descriptor) })
const Config = z.object({ os: z.string().optional(), architecture: z.string() })

export type ImageIndex = z.infer<typeof Index>
/** Layers come lowest first. */
export type ImageManifest = z.infer<typeof Manifest>

/** @throws KilnError E-BASE-UNKNOWN for anything that is neither index nor manifest */
export function parseManifest(text: string): ImageIndex | ImageManifest {
  return readJson(z.union([Index, Manifest]), text, 'neither an OCI nor a Docker image manifest')
}

/** Variants of an architecture that every processor of it runs. */
const plainVariants: Partial<Record<Architecture, string>> = { amd64: 'v1', arm64: 'v8' }

/**
 * The image of an architecture in an index. Attestations, which stand there as platform `unknown`, do not count.
 * @throws KilnError E-BASE-MISMATCH
 */
export function chooseManifest({ manifests }: ImageIndex, arch: Architecture): string {
  const fitting = manifests.filter(
    ({ platform }) => platform?.os === 'linux' && platform.architecture === arch,
  )
  const plain = fitting.find(({ platform }) => [undefined, plainVariants[arch]].includes(platform?.variant))
  const chosen = plain ?? (plainVariants[arch] ? undefined : fitting[0])
  if (chosen) return chosen.digest
  const names = manifests.flatMap(({ platform }) =>
    platform && platform.os !== 'unknown'
      ? [[platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')]
      : [],
  )
  throw new KilnError('E-BASE-MISMATCH', `the base has no image for linux/${arch}`, {
    hint: names.length > 0 ? `it has: ${[...new Set(names)].join(', ')}` : undefined,
  })
}

/** @throws KilnError E-BASE-MISMATCH where the configuration of an image names another architecture */
export function checkArchitecture(config: string, arch: Architecture): void {
  const { os = 'linux', architecture } = readJson(Config, config, 'no configuration of an image')
  if (os === 'linux' && architecture === arch) return
  throw new KilnError(
    'E-BASE-MISMATCH',
    `the base is for ${os}/${architecture}, the image for linux/${arch}`,
    {
      hint: 'change "arch" or "base" in kiln.yaml',
    },
  )
}

function readJson<T>(schema: z.ZodType<T>, text: string, complaint: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new KilnError('E-BASE-UNKNOWN', `the base is ${complaint}`, { cause })
  }
}
