import { imageReferenceText, KilnError, parseImageReference } from '@kiln/contract'
import type { ContainerTools } from '../bases/container-tools.ts'
import { inspectImage } from '../bases/image.ts'
import { type RegistryAccess, registryAccess } from '../bases/registry-access.ts'
import type { LoadedDefinition } from '../definition/load.ts'
import { readLock, writeLock } from '../lock/file.ts'
import type { Lock } from '../lock/lock.ts'
import { withImages } from '../lock/merge.ts'
import { listStale, notInLock } from '../lock/stale.ts'
import { translated } from '../registry/errors.ts'
import { withScratch } from '../registry/push.ts'
import { sha256Digest } from '../resolve/digest.ts'
import { lockFile } from '../resolve/resolve.ts'

/** A container image of a bundle, known by its digest. */
export interface LockedImage {
  /** As the definition has it. */
  readonly name: string
  /** With its registry; with the tag, without a digest. */
  readonly reference: string
  /** Of what the name names, an index or a manifest: `sha256:<64 hex digits>`. */
  readonly digest: string
}

export interface LockImagesOptions {
  readonly definition: LoadedDefinition
  /** Ask the registries, whatever the lock says. */
  readonly renew: boolean
  readonly frozen: boolean
  readonly tools: ContainerTools
  readonly access?: RegistryAccess
  readonly signal: AbortSignal
}

/**
 * The container images that the definition wants in its bundle, by the lock where it has them; otherwise the registry is asked,
 * and the lock keeps the answer.
 * @throws KilnError E-LOCK-STALE with `frozen`, E-IMAGE-MISSING, E-REGISTRY-*
 */
export async function lockImages(options: LockImagesOptions): Promise<LockedImage[]> {
  const { definition, renew, frozen } = options
  const names = [...new Set(definition.definition.bundle?.images ?? [])]
  const file = lockFile(definition)
  const before = await readLock(file)
  const known = renew ? {} : (before?.images ?? {})
  const missing = names.filter((name) => pinned(name) === undefined && known[name] === undefined)
  if (frozen && missing.length > 0) {
    const stale = listStale(missing.map((name) => ({ name, why: notInLock })))
    throw new KilnError('E-LOCK-STALE', `${file} does not fit the definition: ${stale}`, {
      hint: 'kiln lock',
      place: { file },
    })
  }
  const found: Record<string, string> = {}
  for (const name of names) {
    const digest = pinned(name) ?? known[name] ?? (await currentDigest(name, options))
    found[name] = digest
  }
  if (before && !frozen) await keep(file, before, found, names)
  return names.map((name) => ({ name, reference: taggedName(name), digest: found[name] ?? '' }))
}

async function keep(
  file: string,
  { images: _before, ...lock }: Lock,
  found: Readonly<Record<string, string>>,
  names: readonly string[],
): Promise<void> {
  const images = Object.fromEntries(
    names.filter((name) => pinned(name) === undefined).map((name) => [name, found[name] ?? '']),
  )
  await writeLock(file, { ...lock, ...withImages(images) })
}

function pinned(name: string): string | undefined {
  return parseImageReference(name)?.digest
}

/** `pause` → `docker.io/library/pause:latest`: the name under which others ask for it. */
function taggedName(name: string): string {
  const reference = parseImageReference(name)
  if (!reference) throw new KilnError('E-BUG', `${name} is no reference`)
  const { tag, digest } = reference
  return imageReferenceText({
    ...reference,
    tag: tag ?? (digest === undefined ? 'latest' : undefined),
    digest: undefined,
  })
}

async function currentDigest(name: string, options: LockImagesOptions): Promise<string> {
  const reference = taggedName(name)
  const { tools, signal } = options
  const access = options.access ?? registryAccess(process.env, reference)
  return withScratch(async (scratch) => {
    const image = { tools, access, arch: 'amd64' as const, scratch, signal }
    const text = await inspectImage('manifest', { kind: 'oci', reference }, image).catch((error: unknown) => {
      throw translated(error, reference, 'does not give out')
    })
    return sha256Digest(text)
  })
}
