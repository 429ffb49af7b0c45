import { resolve as absolutePath, join } from 'node:path'
import { type ImageIdentity, KilnError, type Layout } from '@kiln/contract'
import { type ContainerTools, containerToolPackages } from '../bases/container-tools.ts'
import type { ImportParams } from '../bases/import.ts'
import { parseBase } from '../bases/source.ts'
import type { LoadedDefinition, LoadedImage } from '../definition/load.ts'
import { debianArchitecture } from '../distros/debian-architecture.ts'
import { type Distro, loadDistro } from '../distros/load.ts'
import { lockFileName, readLock } from '../lock/file.ts'
import type { Lock, PackageSet } from '../lock/lock.ts'
import { staleSets, updateLock, type WantedSet } from '../lock/update.ts'
import { conversionFiles } from '../rootfs/convert.ts'
import { agentSources } from '../toolchain/agent.ts'
import { toolchainPackages, toolchainSuite } from '../toolchain/packages.ts'
import { baseSource, type ImportedBase, importedSource, lockName, resolveBases } from './bases.ts'
import { fileDigest, treeDigest } from './digest.ts'

/** A definition with every input known by digest: all that a plan is made of. */
export interface ResolvedBuild {
  readonly lock: Lock
  readonly toolchain: ToolRoot
  /** Fetches bases; only where an image has one that is fetched. */
  readonly containerTools: ToolRoot | undefined
  readonly agent: { readonly sources: string; readonly version: string }
  readonly conversionFiles: string
  readonly images: readonly ResolvedImage[]
}

/** A root by its packages: the base, and everything with it. */
export interface ResolvedRoot {
  /** Packages, or a root that somebody else made. */
  readonly base: PackageSet | ImportParams
  readonly all: PackageSet
}

/** The roots of tools: their bases are packages. */
export interface ToolRoot extends ResolvedRoot {
  readonly base: PackageSet
}

export interface ResolvedImage {
  readonly identity: ImageIdentity
  readonly name: string
  readonly family: string
  readonly root: ResolvedRoot
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
  readonly cacheFolder: string
  /** Take the newest packages, whatever the lock says. */
  readonly renewLock: boolean
  /** Fail where the lock does not fit, instead of asking the archive. */
  readonly frozen: boolean
  readonly signal: AbortSignal
  readonly onResolve: (set: string) => void
  /** Makes the container tools, where a registry has to be asked before there can be a plan. */
  readonly makeTools: (tools: ToolRoot) => Promise<ContainerTools>
}

/** Path of the lock of a definition: beside its kiln.yaml. */
export function lockFile({ folder }: LoadedDefinition): string {
  return join(folder, lockFileName)
}

/** Makes every input a digest: from the lock where it fits, otherwise from the archive as it is now. Writes nothing. */
export async function resolveBuild(options: ResolveOptions): Promise<ResolvedBuild> {
  const imports = options.images.some((image) => importedSource(image, options) !== undefined)
  const wanted = [
    ...toolSets('toolchain', toolchainPackages, options),
    ...(imports ? toolSets('container-tools', containerToolPackages, options) : []),
    ...options.images.flatMap((image) => imageSets(image, options)),
  ]
  const before = await readLock(lockFile(options.definition))
  if (options.frozen) requireFresh(before, wanted, options)
  const [packages, sources, files] = await Promise.all([
    updateLock(before, wanted, { ...options, renew: options.renewLock }),
    agentSources(),
    conversionFiles(),
  ])
  const toolchain = toolRoot(packages, 'toolchain')
  const containerTools = imports ? toolRoot(packages, 'container-tools') : undefined
  const bases = await resolveBases(before, containerTools, options)
  const lock = {
    ...packages,
    bases: Object.fromEntries([...bases].map(([name, { locked }]) => [name, locked])),
  }
  const images = await Promise.all(options.images.map((image) => resolveImage(image, options, lock, bases)))
  return {
    lock,
    toolchain,
    containerTools,
    agent: { sources, version: options.kilnVersion },
    conversionFiles: files,
    images,
  }
}

/** @throws KilnError E-LOCK-STALE */
function requireFresh(
  lock: Lock | undefined,
  wanted: readonly WantedSet[],
  { definition }: ResolveOptions,
): void {
  const stale = staleSets(lock, wanted)
  if (stale.length === 0) return
  const file = lockFile(definition)
  const message = lock ? `${file} does not fit the definition: ${stale.join(', ')}` : `there is no ${file}`
  throw new KilnError('E-LOCK-STALE', message, { hint: 'kiln lock', place: { file } })
}

function toolRoot(lock: Lock, name: string): ToolRoot {
  return { base: packageSet(lock, `${name}/base`), all: packageSet(lock, `${name}/all`) }
}

function packageSet(lock: Lock, name: string): PackageSet {
  const set = lock.sets[name]
  if (!set) throw new KilnError('E-BUG', `the lock has no ${name}`)
  return set
}

/** Patterns of apt (apt-patterns(7)): what every Debian root has. */
const basePackages = ['?essential', 'apt']

function toolSets(name: string, include: readonly string[], options: ResolveOptions): WantedSet[] {
  const arch = debianArchitecture(process.arch)
  return rootSets(name, loadDistro('debian'), { suite: toolchainSuite, arch, include, exclude: [] }, options)
}

function imageSets(image: LoadedImage, options: ResolveOptions): WantedSet[] {
  const distro = loadDistro(image.flavor)
  const request = {
    suite: archiveSuite(image, distro, options),
    arch: image.arch,
    include: packagesOf(image, distro),
    exclude: image.packages.remove,
  }
  return rootSets(lockName(image.identity), distro, request, options)
}

interface RootRequest {
  readonly suite: string
  readonly arch: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

/** Base and whole root are resolved together, so that they agree on versions. */
function rootSets(
  name: string,
  { archive }: Distro,
  { suite, arch, include, exclude }: RootRequest,
  { definition }: ResolveOptions,
): WantedSet[] {
  const source = {
    suite,
    components: archive.components,
    mirror: definition.definition.mirror,
    keyring: definition.keyring ?? archive.keyring,
    keyringPackage: archive['keyring-package'],
  }
  const set = (part: string, packages: readonly string[], without: readonly string[]): WantedSet => ({
    name: `${name}/${part}`,
    group: name,
    request: { suite, arch, include: [...packages], exclude: [...without] },
    archive: source,
  })
  return [set('base', basePackages, []), set('all', [...basePackages, ...include], exclude)]
}

async function resolveImage(
  image: LoadedImage,
  options: ResolveOptions,
  lock: Lock,
  bases: ReadonlyMap<string, ImportedBase>,
): Promise<ResolvedImage> {
  const distro = loadDistro(image.flavor)
  const cloudConfig = options.cloudConfig ? absolutePath(options.cloudConfig) : image.cloudConfig
  const { common } = distro
  const name = lockName(image.identity)
  return {
    identity: image.identity,
    name: options.definition.definition.name,
    family: distro.family,
    root: {
      base: bases.get(name)?.params ?? packageSet(lock, `${name}/base`),
      all: packageSet(lock, `${name}/all`),
    },
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

/** The suite whose archive gives the packages: that of the base, or of the release where the base is imported. */
function archiveSuite(image: LoadedImage, distro: Distro, options: ResolveOptions): string {
  const source = baseSource(image, distro, options)
  if (source.kind === 'debian') return source.suite
  const usual = parseBase(distro.releases[image.release]?.base ?? '', options.definition.folder)
  if (usual.kind === 'debian') return usual.suite
  throw new KilnError('E-BASE-UNKNOWN', `${image.flavor} ${image.release} has no archive`)
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
