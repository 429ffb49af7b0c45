import { type ImageIdentity, imageSeries, KilnError } from '@kiln/contract'
import type { ContainerTools } from '../bases/container-tools.ts'
import type { ImportParams } from '../bases/import.ts'
import { type ResolvedBase, resolveBase } from '../bases/resolve.ts'
import { type BaseSource, type ImportedSource, parseBase } from '../bases/source.ts'
import type { LoadedImage } from '../definition/load.ts'
import { type Distro, loadDistro } from '../distros/load.ts'
import type { Lock } from '../lock/lock.ts'
import { notInLock, type StaleEntry } from '../lock/stale.ts'
import type { ResolveOptions, ToolRoot } from './resolve.ts'

/** A base that somebody else made: what its step is told, and what the lock keeps of it. */
export interface ImportedBase {
  readonly params: ImportParams
  readonly locked: Lock['bases'][string]
}

/** Name of an image in the lock: without its version, since a new version alone takes no other packages. */
export function lockName(identity: ImageIdentity): string {
  return imageSeries(identity)
}

/** @throws KilnError E-BASE-UNKNOWN */
export function baseSource(
  image: LoadedImage,
  distro: Distro,
  { definition }: Pick<ResolveOptions, 'definition'>,
): BaseSource {
  return parseBase(baseText(image, distro), definition.folder)
}

function baseText(image: LoadedImage, distro: Distro): string {
  return image.base ?? distro.releases[image.release]?.base ?? ''
}

export function importedSource(
  image: LoadedImage,
  options: Pick<ResolveOptions, 'definition'>,
): ImportedSource | undefined {
  const source = baseSource(image, loadDistro(image.flavor), options)
  return source.kind === 'debian' ? undefined : source
}

/** The imported bases that the lock lacks, or has from another source. Looks at no base itself. */
export function staleBases(
  before: Lock | undefined,
  options: Pick<ResolveOptions, 'definition' | 'images'>,
): StaleEntry[] {
  return options.images.flatMap((image) => {
    if (!importedSource(image, options)) return []
    const name = lockName(image.identity)
    const text = baseText(image, loadDistro(image.flavor))
    const locked = before?.bases[name]
    if (locked?.source === text) return []
    return [{ name, why: locked ? `base ${text} instead of ${locked.source}` : `base ${text} ${notInLock}` }]
  })
}

/** The bases that are not what the lock says of them. */
export function changedBases(
  before: Lock | undefined,
  bases: ReadonlyMap<string, ImportedBase>,
): StaleEntry[] {
  return [...bases].flatMap(([name, { locked }]) => {
    const known = before?.bases[name]
    if (known?.source === locked.source && known.digest === locked.digest) return []
    return [{ name, why: `base ${locked.source} is ${locked.digest}, not ${known?.digest ?? notInLock}` }]
  })
}

/** Bases of all images that import one, by their names in the lock. What the lock has of a registry is not asked again. */
export async function resolveBases(
  before: Lock | undefined,
  containerTools: ToolRoot | undefined,
  options: ResolveOptions,
): Promise<Map<string, ImportedBase>> {
  let made: Promise<ContainerTools> | undefined
  const tools = () => {
    if (!containerTools) throw new KilnError('E-BUG', 'a base needs container tools, and there are none')
    made ??= options.makeTools(containerTools)
    return made
  }
  const bases = new Map<string, ImportedBase>()
  for (const image of options.images) {
    const source = importedSource(image, options)
    if (!source) continue
    const { identity } = image
    const text = baseText(image, loadDistro(image.flavor))
    const locked = options.renewLock ? undefined : before?.bases[lockName(identity)]
    const base = await pinnedBase(source, locked?.source === text ? locked.digest : undefined, () =>
      resolveBase(source, { arch: identity.arch, signal: options.signal, tools }),
    )
    const expected = { ids: [identity.flavor], release: identity.flavorRelease, arch: identity.arch }
    bases.set(lockName(identity), {
      params: { base, expected },
      locked: { source: text, digest: base.digest },
    })
  }
  return bases
}

/** A registry may hold something newer under the same tag; the lock says which it was. Files are what they are. */
async function pinnedBase(
  source: ImportedSource,
  digest: string | undefined,
  resolve: () => Promise<ResolvedBase>,
): Promise<ResolvedBase> {
  if (source.kind !== 'oci' || digest === undefined) return resolve()
  return { ...source, digest, tracked: true }
}
