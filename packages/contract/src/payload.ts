import * as z from 'zod/mini'

/**
 * payload.json, the identity card of what a node runs. It stands beside the files it names, in every carrier the same.
 * Digests are `sha256:<64 hex>`, sizes are bytes. What a later version adds
 * is passed over: after a fallback, an older agent reads the card of a newer slot.
 */
const File = z.object({ file: z.string(), digest: z.string(), size: z.number() })

export const Payload = z.object({
  schema: z.literal('kiln.payload/v1'),
  image: z.object({
    name: z.string(),
    flavor: z.string(),
    flavorRelease: z.string(),
    variant: z.string(),
    arch: z.string(),
    device: z.string(),
    version: z.string(),
  }),
  root: z.extend(File, {
    /** Bytes of squashfs before the dm-verity superblock; the hash tree follows it. */
    hashOffset: z.number(),
    rootHash: z.string(),
  }),
  uki: File,
  kernel: z.extend(File, { version: z.string() }),
  initramfs: File,
  packages: z.extend(File, { count: z.number() }),
  /** Not there in an image without. `distribution` as in the image's tag: `k3s`; `version` as it says itself: `v1.30.2+k3s1`. */
  kubernetes: z.optional(z.object({ distribution: z.string(), version: z.string() })),
  /** Programs that a node puts on its disk, renewed apart from the system. `version` is for people. */
  bootLoader: z.object({ version: z.string(), files: z.array(File) }),
  /** The command line inside the UKI. A carrier appends what says where the root is. */
  cmdline: z.string(),
  /**
   * Not there in a payload without signatures. `payload` is the digest of the card before signing, the same whoever signs;
   * `files` are those that signing changed, with the digests that they had before.
   */
  signed: z.optional(
    z.object({
      payload: z.string(),
      files: z.array(z.object({ file: z.string(), digest: z.string() })),
      /** SHA-256 of the signer's certificate, in DER. */
      certificate: z.string(),
      /** SHA-256 of the key in the UKI that signs the states of PCR 11, in DER. */
      pcrKey: z.optional(z.string()),
    }),
  ),
  agent: z.object({ version: z.string(), digest: z.string() }),
})
export type Payload = z.infer<typeof Payload>
