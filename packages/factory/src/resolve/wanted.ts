import { type Architecture, KilnError } from '@kiln/contract'
import { parseBase } from '../bases/source.ts'
import { boardOf } from '../boards/load.ts'
import type { Board } from '../boards/schema.ts'
import type { LoadedImage } from '../definition/load.ts'
import { ownArchitecture } from '../distros/debian-architecture.ts'
import { type Distro, loadDistro } from '../distros/load.ts'
import type { Lock } from '../lock/lock.ts'
import { toolArchitectures } from '../lock/merge.ts'
import type { WantedSet } from '../lock/update.ts'
import { crossPackages, crossStep, targetPackages, targetStep } from '../toolchain/foreign.ts'
import { toolchainSuite } from '../toolchain/packages.ts'
import { readKeyring } from './archive.ts'
import { baseSource, lockName } from './bases.ts'
import type { ResolveOptions } from './resolve.ts'

export type Tools = 'toolchain' | 'container-tools' | 'signing-tools' | ForeignTools
/** For images of another architecture, see toolchain/foreign.ts. */
export type ForeignTools = `cross-${Architecture}` | `target-${Architecture}`

/** Name of the sets of tools, by default those that run on this machine. Others build elsewhere, and their tools stand beside these. */
export function toolsName(tools: Tools, arch: string = ownArchitecture()): string {
  return `${tools}/${arch}`
}

/** Who signs: `sha256:<hex>` of the keyring that the definition names; undefined for those of the distributions. */
export type KeyringDigest = string | undefined

/** @throws KilnError E-KEYRING-MISSING */
export async function ownKeyring({ definition: { keyring } }: ResolveOptions): Promise<KeyringDigest> {
  return keyring === undefined ? undefined : (await readKeyring({ keyring, keyringPackage: 'it' })).digest
}

/** Tools for this machine; where the lock is renewed, also for those on which others build, so that all get the same. */
export function toolSets(
  tools: Tools,
  include: readonly string[],
  before: Lock | undefined,
  keyring: KeyringDigest,
  options: ResolveOptions,
): WantedSet[] {
  const own = ownArchitecture()
  const others = options.renewLock ? toolArchitectures(before, tools) : []
  return [...new Set([own, ...others])].flatMap((arch) => toolSetsOf(tools, arch, include, keyring, options))
}

function toolSetsOf(
  tools: Tools,
  arch: string,
  include: readonly string[],
  keyring: KeyringDigest,
  options: ResolveOptions,
): WantedSet[] {
  const request = { suite: toolchainSuite, arch, include, exclude: [] }
  return rootSets(toolsName(tools, arch), loadDistro('debian'), request, keyring, options)
}

/** Architectures of images that this machine does not run. */
export function foreignArchitectures(images: readonly LoadedImage[]): Architecture[] {
  const own = ownArchitecture()
  return [...new Set(images.map(({ arch }) => arch))].filter((arch) => arch !== own)
}

/** What such images take beside the toolchain. */
export function foreignSets(
  arch: Architecture,
  before: Lock | undefined,
  keyring: KeyringDigest,
  options: ResolveOptions,
): WantedSet[] {
  return [
    ...toolSets(crossStep(arch), crossPackages(arch), before, keyring, options),
    ...toolSetsOf(targetStep(arch), arch, targetPackages, keyring, options),
  ]
}

export function imageSets(image: LoadedImage, keyring: KeyringDigest, options: ResolveOptions): WantedSet[] {
  const distro = loadDistro(image.flavor)
  const request = {
    suite: archiveSuite(image, distro, options),
    arch: image.arch,
    include: packagesOf(image, distro),
    exclude: image.packages.remove,
  }
  return rootSets(lockName(image.identity), distro, request, keyring, options)
}

/** Boards that some images are made for, each once. */
export function boardsOf(images: readonly LoadedImage[]): Board[] {
  return [...new Set(images.map(({ device }) => device))].flatMap((device) => boardOf(device) ?? [])
}

/** Name of the set with a board's firmware. */
export function boardSet({ board }: Board): string {
  return `board/${board}/all`
}

/** The packages with a board's firmware. They are not installed anywhere, so that they need no base. */
export function boardSets(board: Board, keyring: KeyringDigest, options: ResolveOptions): WantedSet[] {
  const { suite, components, packages } = board.firmware
  const name = boardSet(board)
  const asked = { suite, arch: board.arch, components, ...(keyring === undefined ? {} : { keyring }) }
  const request = { ...asked, include: Object.keys(packages).sort(), exclude: [] }
  return [
    { name, group: name, request, archive: archiveOf(suite, components, loadDistro('debian'), options) },
  ]
}

function archiveOf(
  suite: string,
  components: readonly string[],
  { archive }: Distro,
  { definition }: ResolveOptions,
): WantedSet['archive'] {
  return {
    suite,
    components,
    mirror: definition.definition.mirror,
    keyring: definition.keyring ?? archive.keyring,
    keyringPackage: archive['keyring-package'],
  }
}

interface RootRequest {
  readonly suite: string
  readonly arch: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

/** Patterns of apt (apt-patterns(7)): what every Debian root has. */
const basePackages = ['?essential', 'apt']

/** Base and whole root are resolved together, so that they agree on versions. */
function rootSets(
  name: string,
  distro: Distro,
  { suite, arch, include, exclude }: RootRequest,
  keyring: KeyringDigest,
  options: ResolveOptions,
): WantedSet[] {
  const { components } = distro.archive
  const source = archiveOf(suite, components, distro, options)
  const asked = { suite, arch, components: [...components], ...(keyring === undefined ? {} : { keyring }) }
  const set = (part: string, packages: readonly string[], without: readonly string[]) => ({
    name: `${name}/${part}`,
    group: name,
    request: { ...asked, include: [...packages], exclude: [...without] },
    archive: source,
  })
  const base = set('base', basePackages, [])
  return [base, { ...set('all', [...basePackages, ...include], exclude), base: base.name }]
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
