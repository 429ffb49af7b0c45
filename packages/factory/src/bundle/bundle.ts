import { resolve } from 'node:path'
import { artifactFile, type ImageIdentity, imageName, imageTag } from '@kiln/contract'
import type { RegistryAccess } from '../bases/registry-access.ts'
import { type Made, type MakeOptions, makeArtifacts } from '../build.ts'
import { asStep } from '../registry/as-step.ts'
import { registryTools } from '../registry/tools.ts'
import { addLayout, type BundleLayout, named, openBundle } from './bundle-layout.ts'
import { addExternal } from './external.ts'
import { lockImages } from './locked-images.ts'

export interface BundleOptions extends Omit<MakeOptions, 'artifacts' | 'parts'> {
  /** New or empty folder, or a bundle to renew. */
  readonly out: string
  /** Say what would be in it, and write nothing but the lock. */
  readonly dryRun?: boolean
  /** Default: from the environment; see `registryAccess`. */
  readonly access?: RegistryAccess
}

export interface BundledImage {
  readonly reference: string
  /** `sha256:<64 hex digits>`; missing for what is not built yet. */
  readonly digest?: string
  readonly from: 'build' | 'registry'
}

export interface BundleResult {
  readonly images: readonly BundledImage[]
  /** Missing after a dry run. */
  readonly bundle?: {
    readonly folder: string
    /** Of index.json, which names everything by its digest: what a signature is for. */
    readonly digest: string
    /** Bytes of all blobs, and of those that were not there before. */
    readonly size: number
    readonly added: number
  }
}

/**
 * Everything that a place without a network needs, as one OCI image layout: the systems with their payloads, and the container
 * images that the definition names.
 * @throws KilnError E-CONFIG-EXISTS, E-LOCK-STALE, E-IMAGE-MISSING, E-REGISTRY-*, and all that a build throws
 */
export async function bundle(options: BundleOptions): Promise<BundleResult> {
  const { definition, image = '', dryRun = false } = options
  const own = definition.images
    .map(({ identity }) => identity)
    .filter((identity) => imageName(identity).includes(image))
  if (dryRun) return { images: await foresee(own, options) }
  const folder = resolve(options.out)
  const layout = await openBundle(folder)
  const { result } = await makeArtifacts({ ...options, artifacts: ['oci'] }, (made) =>
    fill(layout, made, options),
  )
  return result
}

async function fill(layout: BundleLayout, made: Made, options: BundleOptions): Promise<BundleResult> {
  const entries = []
  const images: BundledImage[] = []
  for (const image of made.images) {
    const { identity } = image
    const result = made.resultOf(image, 'oci')
    const [entry] = await addLayout(layout, `${result.folder}/${artifactFile(identity, 'oci')}`)
    if (!entry) continue
    const reference = ownName(identity, options)
    entries.push(named(entry, reference, imageTag(identity)))
    images.push({ reference, digest: entry.digest, from: 'build' })
  }
  const architectures = [...new Set(made.images.map(({ identity }) => identity.arch))]
  for (const { reference, digest, tools } of await externals(options)) {
    const entry = await asStep(options.emit, `bundle/${reference}`, `fetch ${reference}`, (line) =>
      addExternal(layout, { name: reference, reference, digest }, { ...options, tools, architectures, line }),
    )
    entries.push(named(entry, reference, undefined))
    images.push({ reference, digest, from: 'registry' })
  }
  const finished = await layout.finish(entries)
  return { images, bundle: { folder: layout.folder, ...finished, added: layout.added() } }
}

/** Tools are made only where something has to be fetched. */
async function externals(options: BundleOptions) {
  if ((options.definition.definition.bundle?.images ?? []).length === 0) return []
  const tools = await registryTools(options)
  const locked = await lockImages({ ...options, tools, renew: false, frozen: options.frozen ?? false })
  return locked.map((image) => ({ ...image, tools }))
}

async function foresee(own: readonly ImageIdentity[], options: BundleOptions): Promise<BundledImage[]> {
  const fetched = await externals(options)
  return [
    ...own.map((identity) => ({ reference: ownName(identity, options), from: 'build' as const })),
    ...fetched.map(({ reference, digest }) => ({ reference, digest, from: 'registry' as const })),
  ]
}

function ownName(identity: ImageIdentity, { definition }: BundleOptions): string {
  const { name, bundle } = definition.definition
  return `${bundle?.repository ?? name}:${imageTag(identity)}`
}
