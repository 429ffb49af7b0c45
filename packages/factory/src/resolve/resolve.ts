import { resolve as absolutePath, join } from 'node:path'
import { type Architecture, type ImageIdentity, KilnError, type Layout, parseSize } from '@kiln/contract'
import type { Compression } from '@kiln/contract/definition'
import { type ContainerTools, containerToolPackages } from '../bases/container-tools.ts'
import type { ImportParams } from '../bases/import.ts'
import { boardOf } from '../boards/load.ts'
import type { Board } from '../boards/schema.ts'
import { type DiskWish, diskWish } from '../definition/disk.ts'
import type { LoadedDefinition, LoadedImage } from '../definition/load.ts'
import { type Distro, loadDistro } from '../distros/load.ts'
import { lockFileName, readLock } from '../lock/file.ts'
import type { Lock, LockedPackage, PackageSet } from '../lock/lock.ts'
import { listStale, type StaleEntry, staleSets } from '../lock/stale.ts'
import { updateLock } from '../lock/update.ts'
import { conversionFiles } from '../rootfs/convert.ts'
import { type ResolvedSecureBoot, resolveSecureBoot } from '../secure-boot/resolve.ts'
import { signingToolPackages } from '../secure-boot/tools.ts'
import { agentSources } from '../toolchain/agent.ts'
import { crossStep, targetStep } from '../toolchain/foreign.ts'
import { toolchainPackages } from '../toolchain/packages.ts'
import {
  changedBases,
  type ImportedBase,
  importedSource,
  lockName,
  resolveBases,
  staleBases,
} from './bases.ts'
import { fileDigest, treeDigest } from './digest.ts'
import { fromMirror } from './mirror.ts'
import {
  boardSet,
  boardSets,
  boardsOf,
  foreignArchitectures,
  foreignSets,
  imageSets,
  ownKeyring,
  type Tools,
  toolSets,
  toolsName,
} from './wanted.ts'

/** A definition with every input known by digest: all that a plan is made of. */
export interface ResolvedBuild {
  readonly lock: Lock
  readonly toolchain: ToolRoot
  /** Fetches bases; only where an image has one that is fetched. */
  readonly containerTools: ToolRoot | undefined
  /** Makes keys and signs; only where there is something to sign. */
  readonly signingTools: ToolRoot | undefined
  /** For images of architectures that this machine does not run; an entry for each. */
  readonly foreign: readonly ForeignRoots[]
  readonly secureBoot: ResolvedSecureBoot | undefined
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

/** See toolchain/foreign.ts. */
export interface ForeignRoots {
  readonly arch: Architecture
  readonly cross: ToolRoot
  readonly target: ToolRoot
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
  readonly disk: DiskWish
  readonly compression: Compression
  /** Bytes that the UKI may have. */
  readonly ukiBudget: number
  /** Undefined for a generic machine. */
  readonly board: ResolvedBoard | undefined
}

export interface ResolvedBoard {
  readonly data: Board
  /** The packages that have its firmware, without what they need. */
  readonly packages: readonly LockedPackage[]
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
  /** @param why what differs from the lock */
  readonly onResolve: (set: string, why: string) => void
  /** Take the container tools into the lock, whether or not an image needs them. */
  readonly containerTools?: boolean
  /** The same of the signing tools. */
  readonly signingTools?: boolean
  /** Makes the container tools, where a registry has to be asked before there can be a plan. */
  readonly makeTools: (tools: ToolRoot) => Promise<ContainerTools>
}

/** Path of the lock of a definition: beside its kiln.yaml. */
export function lockFile({ folder }: LoadedDefinition): string {
  return join(folder, lockFileName)
}

/**
 * Makes every input a digest: from the lock where it fits, otherwise from the archive as it is now. Writes nothing.
 * @throws KilnError E-LOCK-STALE where the lock may not change, and does not fit
 */
export async function resolveBuild(options: ResolveOptions): Promise<ResolvedBuild> {
  const imports =
    options.containerTools || options.images.some((image) => importedSource(image, options) !== undefined)
  const { secureBoot: keys } = options.definition
  const signs = options.signingTools || (keys !== undefined && options.images.length > 0)
  const secureBoot =
    keys && signs ? await resolveSecureBoot(keys.folder, keys.definition, new Date()) : undefined
  const before = await readLock(lockFile(options.definition))
  const keyring = await ownKeyring(options)
  const foreignArchs = foreignArchitectures(options.images)
  const wanted = [
    ...toolSets('toolchain', toolchainPackages, before, keyring, options),
    ...(imports ? toolSets('container-tools', containerToolPackages, before, keyring, options) : []),
    ...(signs ? toolSets('signing-tools', signingToolPackages, before, keyring, options) : []),
    ...foreignArchs.flatMap((arch) => foreignSets(arch, before, keyring, options)),
    ...boardsOf(options.images).flatMap((board) => boardSets(board, keyring, options)),
    ...options.images.flatMap((image) => imageSets(image, keyring, options)),
  ]
  if (options.frozen) {
    requireFresh(lockFile(options.definition), before, [
      ...staleSets(before, wanted),
      ...staleBases(before, options),
    ])
  }
  const [packages, sources, files] = await Promise.all([
    updateLock(before, wanted, { ...options, renew: options.renewLock }),
    agentSources(),
    conversionFiles(),
  ])
  const { mirror } = options.definition.definition
  const toolchain = toolRoot(packages, 'toolchain', mirror)
  const containerTools = imports ? toolRoot(packages, 'container-tools', mirror) : undefined
  const signingTools = signs ? toolRoot(packages, 'signing-tools', mirror) : undefined
  const bases = await resolveBases(before, containerTools, options)
  const changed = changedBases(before, bases)
  if (options.frozen) requireFresh(lockFile(options.definition), before, changed)
  const lock: Lock = {
    ...packages,
    kiln: changed.length === 0 ? packages.kiln : options.kilnVersion,
    bases: Object.fromEntries([...bases].map(([name, { locked }]) => [name, locked])),
  }
  const images = await Promise.all(options.images.map((image) => resolveImage(image, options, lock, bases)))
  return {
    lock,
    toolchain,
    containerTools,
    signingTools,
    foreign: foreignArchs.map((arch) => ({
      arch,
      cross: toolRoot(packages, crossStep(arch), mirror),
      target: toolRoot(packages, targetStep(arch), mirror, arch),
    })),
    secureBoot,
    agent: { sources, version: options.kilnVersion },
    conversionFiles: files,
    images,
  }
}

/** @throws KilnError E-LOCK-STALE */
function requireFresh(file: string, lock: Lock | undefined, stale: readonly StaleEntry[]): void {
  if (stale.length === 0) return
  const message = lock ? `${file} does not fit the definition: ${listStale(stale)}` : `there is no ${file}`
  throw new KilnError('E-LOCK-STALE', message, { hint: 'kiln lock', place: { file } })
}

function toolRoot(lock: Lock, tools: Tools, mirror: string | undefined, arch?: Architecture): ToolRoot {
  const name = toolsName(tools, arch)
  return { base: packageSet(lock, `${name}/base`, mirror), all: packageSet(lock, `${name}/all`, mirror) }
}

function packageSet(lock: Lock, name: string, mirror: string | undefined): PackageSet {
  const set = lock.sets[name]
  if (!set) throw new KilnError('E-BUG', `the lock has no ${name}`)
  return fromMirror(set, mirror)
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
  const { mirror, name: system } = options.definition.definition
  const name = lockName(image.identity)
  const board = boardOf(image.device)
  return {
    identity: image.identity,
    name: system,
    family: distro.family,
    root: {
      base: bases.get(name)?.params ?? packageSet(lock, `${name}/base`, mirror),
      all: packageSet(lock, `${name}/all`, mirror),
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
    cmdline: [...(board?.cmdline ?? []), ...image.cmdline],
    disk: diskWish(image),
    compression: image.container?.compression ?? 'zstd',
    ukiBudget: parseSize(image.uki.budget) ?? 0,
    board: board && { data: board, packages: firmwarePackages(board, lock, mirror) },
  }
}

function firmwarePackages(board: Board, lock: Lock, mirror: string | undefined): LockedPackage[] {
  const { packages } = packageSet(lock, boardSet(board), mirror)
  return packages.filter(({ name }) => name in board.firmware.packages)
}

/** A service whose package the user took out is not expected. Debian's unit of openssh-server is called ssh. */
function enabledServices(image: LoadedImage, distro: Distro): string[] {
  const withoutSsh = image.packages.remove.includes('openssh-server')
  return distro.services.enable.filter((unit) => !(withoutSsh && unit === 'ssh.service'))
}

async function resolveFolder(folder: string | undefined): Promise<ResolvedFolder | undefined> {
  return folder === undefined ? undefined : { folder, digest: await treeDigest(folder) }
}
