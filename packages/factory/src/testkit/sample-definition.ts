import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Architecture, architectures } from '@kiln/contract'
import { containerToolPackages } from '../bases/container-tools.ts'
import { loadDefinition } from '../definition/load.ts'
import { listDistros, loadDistro } from '../distros/load.ts'
import type { PackageSet } from '../lock/lock.ts'
import { type ResolvedBuild, type ResolveOptions, resolveBuild } from '../resolve/resolve.ts'
import { crossPackages, targetPackages } from '../toolchain/foreign.ts'
import { toolchainPackages, toolchainSuite } from '../toolchain/packages.ts'
import { makeArchive, type TestPackage } from './debian-archive.ts'
import { type Planted, plant, temporaryFolder } from './testkit.ts'

const debian = loadDistro('debian')
const suites = new Set([toolchainSuite, 'trixie', 'bookworm'])

/** Enough of an archive: all that is wanted by name, and a package that is always there. */
const names = new Set([
  ...debian.packages.required,
  ...debian.packages.default,
  ...Object.values(debian.kernel),
  ...toolchainPackages,
  ...containerToolPackages,
  ...architectures.flatMap(crossPackages),
  ...targetPackages,
  ...['htop', 'linux-image-cloud-amd64', 'linux-image-riscv64'],
])
export const archivePackages: readonly TestPackage[] = [
  { Package: 'libc6', Essential: 'yes' },
  { Package: 'apt', Depends: 'libc6' },
  ...[...names].map((Package) => ({ Package, Depends: 'libc6' })),
]

export interface Around {
  /** Lines of the one image, besides flavor and release. */
  readonly image?: readonly string[]
  readonly files?: Readonly<Record<string, Planted>>
  readonly options?: Partial<ResolveOptions>
  /** Instead of what the definition says, for what it may not say yet. */
  readonly arch?: Architecture
}

/** Resolves a definition with one image against an archive on this machine. */
export async function resolveSample(
  t: TestContext,
  { image = [], files = {}, options = {}, arch }: Around = {},
) {
  const archive = await makeArchive(t)
  for (const suite of suites) archive.publish(suite, archivePackages)
  const { url, asked } = archive
  const folder = temporaryFolder(t)
  const head = ['name: sample', 'version: v1.0.0', `mirror: ${url}`, 'keyring: keys.gpg', 'images:']
  const lines = [...head, '  - flavor: debian', '    release: "13"', ...image.map((line) => `    ${line}`)]
  plant(folder, { 'kiln.yaml': `${lines.join('\n')}\n`, ...files })
  copyFileSync(archive.keyring, join(folder, 'keys.gpg'))
  const definition = loadDefinition(folder, listDistros())
  const { signal } = new AbortController()
  const given = {
    definition,
    images: definition.images.map((each) => ({ ...each, arch: arch ?? each.arch })),
    cloudConfig: undefined,
    kilnVersion: 'v9.9.9',
    cacheFolder: join(folder, 'cache'),
    renewLock: false,
    frozen: false,
    signal,
    onResolve: () => {},
    makeTools: () => assert.fail('no registry is asked'),
  }
  const again = (change: Partial<ResolveOptions> = {}) => resolveBuild({ ...given, ...options, ...change })
  /** Options for the definition after its text was changed. */
  const redefine = (edit: (text: string) => string) => {
    const file = join(folder, 'kiln.yaml')
    writeFileSync(file, edit(readFileSync(file, 'utf8')))
    const changed = loadDefinition(folder, listDistros())
    return { definition: changed, images: changed.images }
  }
  return { build: await again(), again, redefine, asked, folder, archive, definition }
}

/** What the image asked for beside the base, and what it got. */
export function packagesOf(build: ResolvedBuild) {
  const { request, packages } = only(build).root.all
  const [essential, apt, ...install] = request.include
  assert.deepEqual([essential, apt], ['?essential', 'apt'])
  return { install, remove: request.exclude, locked: packages.map(({ name }) => name) }
}

/** The packages of the image's base, which is made and not imported. */
export function baseOf(build: ResolvedBuild): PackageSet {
  const { base } = only(build).root
  return 'packages' in base ? base : assert.fail('the base is imported')
}

/** The only image. */
export const only = ({ images }: ResolvedBuild) => {
  assert.equal(images.length, 1)
  const [image] = images
  assert.ok(image)
  return image
}
