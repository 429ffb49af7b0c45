import { resolve as absolutePath } from 'node:path'
import { type ImageIdentity, KilnError, type Layout } from '@kiln/contract'
import type { LoadedDefinition, LoadedImage } from '../definition/load.ts'
import { type Distro, loadDistro } from '../distros/load.ts'
import { conversionFiles } from '../rootfs/convert.ts'
import { agentSources } from '../toolchain/agent.ts'
import { toolchainSuite } from '../toolchain/packages.ts'
import { type ResolvedArchive, resolveArchive } from './archive.ts'
import { fileDigest, treeDigest } from './digest.ts'

/** A definition with every input known by digest: all that a plan is made of. */
export interface ResolvedBuild {
  readonly toolchain: ResolvedArchive
  readonly agent: { readonly sources: string; readonly version: string }
  readonly conversionFiles: string
  readonly images: readonly ResolvedImage[]
}

export interface ResolvedImage {
  readonly identity: ImageIdentity
  readonly name: string
  readonly family: string
  readonly archive: ResolvedArchive
  readonly install: readonly string[]
  readonly remove: readonly string[]
  readonly hostname: string | undefined
  readonly layout: Layout
  readonly services: { readonly enable: readonly string[]; readonly mask: readonly string[] }
  readonly overlay: ResolvedFolder | undefined
  readonly medium: ResolvedFolder | undefined
  readonly cloudConfig: { readonly file: string; readonly digest: string } | undefined
  readonly cmdline: readonly string[]
}

export interface ResolvedFolder {
  readonly folder: string
  readonly digest: string
}

export interface ResolveOptions {
  readonly definition: LoadedDefinition
  readonly images: readonly LoadedImage[]
  /** Takes the place of the cloud-config that the definition names. */
  readonly cloudConfig: string | undefined
  readonly kilnVersion: string
  readonly signal: AbortSignal
}

/** The one stage that asks what the newest state of the world is. */
export async function resolveBuild(options: ResolveOptions): Promise<ResolvedBuild> {
  const archives = archiveResolver(options)
  const [toolchain, sources, files] = await Promise.all([
    archives(loadDistro('debian'), toolchainSuite),
    agentSources(),
    conversionFiles(),
  ])
  const images = await Promise.all(options.images.map((image) => resolveImage(image, options, archives)))
  return { toolchain, agent: { sources, version: options.kilnVersion }, conversionFiles: files, images }
}

type ArchiveResolver = (distro: Distro, suite: string) => Promise<ResolvedArchive>

/** Asks each archive once. */
function archiveResolver({ definition, signal }: ResolveOptions): ArchiveResolver {
  const asked = new Map<string, Promise<ResolvedArchive>>()
  return ({ archive }, suite) => {
    const known = asked.get(suite)
    if (known) return known
    const request = {
      suite,
      components: archive.components,
      mirror: definition.definition.mirror,
      keyring: definition.keyring ?? archive.keyring,
      keyringPackage: archive['keyring-package'],
    }
    const answer = resolveArchive(request, signal)
    asked.set(suite, answer)
    return answer
  }
}

async function resolveImage(
  image: LoadedImage,
  options: ResolveOptions,
  archives: ArchiveResolver,
): Promise<ResolvedImage> {
  const { definition } = options.definition
  const distro = loadDistro(image.flavor)
  const cloudConfig = options.cloudConfig ? absolutePath(options.cloudConfig) : image.cloudConfig
  const { common } = distro
  return {
    identity: image.identity,
    name: definition.name,
    family: distro.family,
    archive: await archives(distro, debianSuite(image, distro)),
    install: packagesOf(image, distro),
    remove: image.packages.remove,
    hostname: image.hostname,
    layout: { schema: 'kiln.layout/v1', ...common.layout },
    services: {
      enable: [...common.services.enable, ...enabledServices(image, distro)],
      mask: [...common.services.mask, ...distro.services.mask],
    },
    overlay: await resolveFolder(image.overlay),
    medium: await resolveFolder(image.medium),
    cloudConfig: cloudConfig ? { file: cloudConfig, digest: await fileDigest(cloudConfig) } : undefined,
    cmdline: image.cmdline,
  }
}

/** @throws KilnError E-BASE-UNKNOWN */
function debianSuite(image: LoadedImage, distro: Distro): string {
  const base = image.base ?? distro.releases[image.release]?.base ?? ''
  const suite = base.match(/^debian:([a-z0-9][a-z0-9.-]*)$/)?.[1]
  if (suite) return suite
  throw new KilnError('E-BASE-UNKNOWN', `the base "${base}" cannot be read`, {
    hint: 'known: debian:<suite>, as debian:trixie',
  })
}

function packagesOf(image: LoadedImage, distro: Distro): string[] {
  const kernel = image.kernel?.package ?? distro.kernel[image.arch]
  if (!kernel) {
    throw new KilnError('E-KERNEL-MISSING', `${distro.flavor} has no default kernel for ${image.arch}`, {
      hint: 'name a package under kernel: in kiln.yaml',
    })
  }
  const wanted = [...distro.packages.required, ...distro.packages.default, kernel, ...image.packages.add]
  const left = new Set(image.packages.remove)
  return [...new Set(wanted)].filter((name) => !left.has(name)).sort()
}

/** A service whose package the user took out is not expected. Debian's unit of openssh-server is called ssh. */
function enabledServices(image: LoadedImage, distro: Distro): string[] {
  const withoutSsh = image.packages.remove.includes('openssh-server')
  return distro.services.enable.filter((unit) => !(withoutSsh && unit === 'ssh.service'))
}

async function resolveFolder(folder: string | undefined): Promise<ResolvedFolder | undefined> {
  return folder === undefined ? undefined : { folder, digest: await treeDigest(folder) }
}
