import * as z from 'zod'

/**
 * kiln.lock, beside kiln.yaml: exactly what a build takes. Once it is there, a build looks at no archive's newest state;
 * only a set that no longer fits the definition is resolved anew. It is to be committed with the definition.
 */
const Package = z.strictObject({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  /** Of the package file; 64 hex digits. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of the package file, in bytes. */
  size: z.int(),
  /** Where it was to be had when it was resolved. Not part of what is built: any place that has the same bytes will do. */
  url: z.string(),
})
export type LockedPackage = z.infer<typeof Package>

const Archive = z.strictObject({
  uri: z.string(),
  suite: z.string(),
  components: z.array(z.string()),
})
export type LockedArchive = z.infer<typeof Archive>

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)

/**
 * What was asked for when a set was resolved; a set is stale when this differs from what is asked for now. A mirror is not
 * in it: it says where from, and the hashes say what (docs/decisions/0006-lock-first.md).
 */
const Request = z.strictObject({
  suite: z.string(),
  arch: z.string(),
  /** Locks of the first versions lack it; their sets are stale. */
  components: z.exactOptional(z.array(z.string())),
  /** Of the keyring that the definition names. That of the distribution is another on each machine, and has no digest here. */
  keyring: z.exactOptional(Digest),
  include: z.array(z.string()),
  exclude: z.array(z.string()),
})
export type SetRequest = z.infer<typeof Request>

const PackageSet = z.strictObject({
  request: Request,
  archives: z.array(Archive),
  /** Seconds since 1970: the newest date of the archives. The time of all that is built from the set. */
  epoch: z.int(),
  packages: z.array(Package),
})
export type PackageSet = z.infer<typeof PackageSet>

/** A base that somebody else made, by what it was when the lock was written. */
const LockedBase = z.strictObject({
  /** As `base:` in kiln.yaml has it. */
  source: z.string(),
  digest: Digest,
})
export type LockedBase = z.infer<typeof LockedBase>

export const Lock = z.strictObject({
  schema: z.literal('kiln.lock/v1'),
  /** Version of Kiln that last resolved any of it. */
  kiln: z.string(),
  /**
   * By name: `<image>/base`, `<image>/all` (the image without its version), and the tools for each architecture that somebody
   * builds on: `toolchain/amd64/base` …
   */
  sets: z.record(z.string(), PackageSet),
  bases: z.record(z.string(), LockedBase).default({}),
  /** Container images of a bundle: name as the definition has it → digest of what it named. */
  images: z.exactOptional(z.record(z.string(), Digest)),
})
export type Lock = z.infer<typeof Lock>
