import assert from 'node:assert/strict'
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { Architecture } from '@kiln/contract'
import { loadDefinition } from '../definition/load.ts'
import { debianArchitecture } from '../distros/debian-architecture.ts'
import { listDistros, loadDistro } from '../distros/load.ts'
import { writeLock } from '../lock/file.ts'
import type { PackageSet } from '../lock/lock.ts'
import { makeArchive, type TestPackage } from '../testkit/debian-archive.ts'
import { expectCode, type Planted, plant, temporaryFolder } from '../testkit/testkit.ts'
import { toolchainPackages, toolchainSuite } from '../toolchain/packages.ts'
import { lockFile, type ResolvedBuild, type ResolveOptions, resolveBuild } from './resolve.ts'

const debian = loadDistro('debian')

/** Enough of an archive: all that is wanted by name, and a package that is always there. */
const names = new Set([
  ...debian.packages.required,
  ...debian.packages.default,
  ...Object.values(debian.kernel),
  ...toolchainPackages,
  ...['htop', 'linux-image-cloud-amd64', 'linux-image-riscv64'],
])
const archivePackages: readonly TestPackage[] = [
  { Package: 'libc6', Essential: 'yes' },
  { Package: 'apt', Depends: 'libc6' },
  ...[...names].map((Package) => ({ Package, Depends: 'libc6' })),
]

interface Around {
  /** Lines of the one image, besides flavor and release. */
  readonly image?: readonly string[]
  readonly files?: Readonly<Record<string, Planted>>
  readonly options?: Partial<ResolveOptions>
  /** Instead of what the definition says, for what it may not say yet. */
  readonly arch?: Architecture
}

/** Resolves a definition with one image against an archive on this machine. */
async function resolveSample(t: TestContext, { image = [], files = {}, options = {}, arch }: Around = {}) {
  const archive = await makeArchive(t)
  for (const suite of new Set([toolchainSuite, 'trixie', 'bookworm'])) archive.publish(suite, archivePackages)
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
  return { build: await again(), again, asked, folder, archive, definition }
}

/** What the image asked for beside the base, and what it got. */
function packagesOf(build: ResolvedBuild) {
  const { request, packages } = only(build).root.all
  const [essential, apt, ...install] = request.include
  assert.deepEqual([essential, apt], ['?essential', 'apt'])
  return { install, remove: request.exclude, locked: packages.map(({ name }) => name) }
}

/** The packages of the image's base, which is made and not imported. */
function baseOf(build: ResolvedBuild): PackageSet {
  const { base } = only(build).root
  return 'packages' in base ? base : assert.fail('the base is imported')
}

const only = ({ images }: ResolvedBuild) => {
  assert.equal(images.length, 1)
  const [image] = images
  assert.ok(image)
  return image
}

describe('resolving a definition', () => {
  it('takes the packages of the distribution, its kernel and those of the user, each once and sorted', async (t) => {
    const { build } = await resolveSample(t, { image: ['packages: {add: [htop, curl]}'] })
    const { install, remove, locked } = packagesOf(build)
    const { required, default: usual } = debian.packages
    const expected = [
      ...new Set([...required, ...usual, debian.kernel.amd64 ?? '', 'htop', 'curl']),
    ].toSorted()
    assert.deepEqual(install, expected)
    assert.deepEqual(remove, [])
    assert.deepEqual(locked, [...new Set([...expected, 'apt', 'libc6'])].toSorted())
  })

  it('leaves out what the user takes out, and the services that came with it', async (t) => {
    const { build } = await resolveSample(t, { image: ['packages: {remove: [openssh-server, nano]}'] })
    const { install, remove, locked } = packagesOf(build)
    const { services } = only(build)
    assert.deepEqual(remove, ['openssh-server', 'nano'])
    for (const name of remove) assert.ok(!install.includes(name) && !locked.includes(name), name)
    assert.ok(!services.enable.includes('ssh.service'))
    assert.ok(services.enable.includes('systemd-networkd.service'))
  })

  it('takes the kernel that the user names instead of the usual one', async (t) => {
    const { build } = await resolveSample(t, { image: ['kernel: {package: linux-image-cloud-amd64}'] })
    const { install, locked } = packagesOf(build)
    for (const list of [install, locked]) {
      assert.ok(list.includes('linux-image-cloud-amd64'))
      assert.ok(!list.includes(debian.kernel.amd64 ?? ''))
    }
  })

  it('joins the services and the layout of all distributions with those of this one', async (t) => {
    const { services, layout } = only((await resolveSample(t)).build)
    for (const verb of ['enable', 'mask'] as const) {
      assert.deepEqual(services[verb], [...debian.common.services[verb], ...debian.services[verb]])
    }
    assert.deepEqual(layout, { schema: 'kiln.layout/v1', ...debian.common.layout })
  })

  it('asks one archive once, though the toolchain takes from it, too', async (t) => {
    const arch = debianArchitecture(process.arch) as Architecture
    const image = arch === 'riscv64' ? ['kernel: {package: linux-image-riscv64}'] : []
    const { build, asked } = await resolveSample(t, { arch, image })
    assert.equal(toolchainSuite, 'trixie')
    const [release, updates] = ['', '-updates'].map((suffix) => `/dists/trixie${suffix}/InRelease`)
    // Once for its date, once more by apt, which checks who signed it.
    const index = `/dists/trixie/main/binary-${arch}/Packages`
    assert.deepEqual(asked.toSorted(), [updates, release, release, index].toSorted())
    const { root } = only(build)
    assert.deepEqual(build.toolchain.base, root.base)
    assert.deepEqual(build.toolchain.all.archives, root.all.archives)
    assert.equal(build.toolchain.all.epoch, root.all.epoch)
  })

  it('takes a base that is part of the whole, and the same for all', async (t) => {
    const { build } = await resolveSample(t)
    for (const { base, all } of [build.toolchain, { ...only(build).root, base: baseOf(build) }]) {
      assert.deepEqual(
        base.packages.map(({ name }) => name),
        ['apt', 'libc6'],
      )
      for (const each of base.packages) {
        assert.deepEqual(
          all.packages.find(({ name }) => name === each.name),
          each,
        )
      }
    }
  })

  it('asks for the suite that the base names', async (t) => {
    const { build, asked, archive } = await resolveSample(t, { image: ['base: debian:bookworm'] })
    for (const set of [baseOf(build), only(build).root.all]) {
      assert.equal(set.request.suite, 'bookworm')
      assert.deepEqual(set.archives, [{ uri: `${archive.url}/`, suite: 'bookworm', components: ['main'] }])
    }
    for (const suite of ['bookworm', 'bookworm-updates'])
      assert.ok(asked.includes(`/dists/${suite}/InRelease`))
    assert.equal(build.toolchain.all.request.suite, toolchainSuite)
  })

  it('takes the updates of a suite, where the mirror has them', async (t) => {
    const { again, archive } = await resolveSample(t)
    archive.publish('trixie-updates', [{ Package: 'libc6', Version: '2', Essential: 'yes' }])
    const base = baseOf(await again())
    assert.deepEqual(
      base.archives.map(({ suite }) => suite),
      ['trixie', 'trixie-updates'],
    )
    assert.equal(base.packages.find(({ name }) => name === 'libc6')?.version, '2')
  })

  it("knows the user's files by their digests", async (t) => {
    const image = ['overlay: files', 'cloud-config: cloud.yaml']
    const cloud = '#cloud-config\nhostname: a\n'
    const of = async (motd: string) => {
      const files = { 'files/etc/motd': motd, 'cloud.yaml': cloud }
      const { build, folder } = await resolveSample(t, { image, files })
      const { overlay, cloudConfig } = only(build)
      assert.equal(overlay?.folder, join(folder, 'files'))
      assert.equal(cloudConfig?.file, join(folder, 'cloud.yaml'))
      return { overlay: overlay.digest, cloudConfig: cloudConfig.digest }
    }
    const [one, again, other] = [await of('a'), await of('a'), await of('b')]
    assert.deepEqual(again, one)
    assert.notEqual(other.overlay, one.overlay)
    assert.equal(other.cloudConfig, one.cloudConfig)
  })

  it('prefers the cloud-config of the command line', async (t) => {
    const cloudConfig = join(temporaryFolder(t), 'other.yaml')
    writeFileSync(cloudConfig, '#cloud-config\nhostname: b\n')
    const files = { 'cloud.yaml': '#cloud-config\nhostname: a\n' }
    const { build } = await resolveSample(t, {
      image: ['cloud-config: cloud.yaml'],
      files,
      options: { cloudConfig },
    })
    assert.equal(only(build).cloudConfig?.file, cloudConfig)
  })

  it('fails for a base that cannot be read', async (t) => {
    const error = await expectCode('E-BASE-UNKNOWN', () => resolveSample(t, { image: ['base: "zip:/x"'] }))
    assert.match(error.message, /zip:\/x/)
    assert.match(error.hint ?? '', /debian:<suite>/)
  })

  it('fails for an architecture without a usual kernel, unless one is named', async (t) => {
    const arch = 'riscv64'
    await expectCode('E-KERNEL-MISSING', () => resolveSample(t, { arch }))
    const image = ['kernel: {package: linux-image-riscv64}']
    const { build } = await resolveSample(t, { arch, image })
    assert.ok(packagesOf(build).install.includes('linux-image-riscv64'))
  })

  it('fails at a package that the archive does not have, by its name', async (t) => {
    const image = ['packages: {add: [htopp]}']
    const error = await expectCode('E-PACKAGE-UNKNOWN', () => resolveSample(t, { image }))
    assert.deepEqual(error.subjects, ['htopp'])
  })
})

describe('resolving with a lock', () => {
  it('takes what it says, and asks nobody', async (t) => {
    const { build, again, asked, archive, definition } = await resolveSample(t)
    await writeLock(lockFile(definition), build.lock)
    archive.publish('trixie', [{ Package: 'other' }])
    asked.length = 0
    assert.deepEqual(await again(), build)
    assert.deepEqual(asked, [])
  })

  it('takes the newest all the same, where that is wanted', async (t) => {
    const { build, again, archive, definition } = await resolveSample(t)
    await writeLock(lockFile(definition), build.lock)
    archive.publish(
      'trixie',
      archivePackages.map((each) => ({ ...each, Version: '2' })),
    )
    const { sets } = (await again({ renewLock: true })).lock
    assert.equal(Object.keys(sets).length, 4)
    for (const { packages } of Object.values(sets)) {
      for (const { name, version } of packages) assert.equal(version, '2', name)
    }
  })

  it('fails where that may not change and does not fit, and asks nobody', async (t) => {
    const { build, again, asked, definition } = await resolveSample(t)
    asked.length = 0
    const none = await expectCode('E-LOCK-STALE', () => again({ frozen: true }))
    assert.deepEqual(none.place, { file: lockFile(definition) })
    const { 'toolchain/base': _, ...sets } = build.lock.sets
    await writeLock(lockFile(definition), { ...build.lock, sets })
    const stale = await expectCode('E-LOCK-STALE', () => again({ frozen: true }))
    assert.match(stale.message, /: toolchain\/base$/)
    assert.deepEqual([stale.exitCode, stale.hint], [9, 'kiln lock'])
    await writeLock(lockFile(definition), build.lock)
    assert.deepEqual(await again({ frozen: true }), build)
    assert.deepEqual(asked, [])
  })

  it('calls its sets by the image without its version, so that a new version takes the same', async (t) => {
    const { build, again, definition, asked } = await resolveSample(t)
    assert.deepEqual(Object.keys(build.lock.sets).toSorted(), [
      'debian-13-core-amd64-generic/all',
      'debian-13-core-amd64-generic/base',
      'toolchain/all',
      'toolchain/base',
    ])
    await writeLock(lockFile(definition), build.lock)
    asked.length = 0
    const images = definition.images.map((image) => ({
      ...image,
      identity: { ...image.identity, version: 'v2.0.0' },
    }))
    assert.deepEqual((await again({ images })).lock, build.lock)
    assert.deepEqual(asked, [])
  })

  it('lies beside the definition, and is not written here', async (t) => {
    const { folder, definition } = await resolveSample(t)
    assert.equal(lockFile(definition), join(folder, 'kiln.lock'))
    assert.equal(existsSync(lockFile(definition)), false)
  })

  it('fails at the place where it is broken', async (t) => {
    const files = { 'kiln.lock': 'schema: kiln.lock/v1\nkiln: 1\nsets: {}\n' }
    const error = await expectCode('E-CONFIG-WRONG-TYPE', () => resolveSample(t, { files }))
    assert.deepEqual([error.place?.line, error.place?.column], [2, 7])
  })
})
