import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Architecture } from '@kiln/contract'
import { debianArchitecture, ownArchitecture } from '../distros/debian-architecture.ts'
import { loadDistro } from '../distros/load.ts'
import { baseOf, only, packagesOf, resolveSample } from '../testkit/sample-definition.ts'
import { expectCode, temporaryFolder } from '../testkit/testkit.ts'
import { toolchainSuite } from '../toolchain/packages.ts'

const debian = loadDistro('debian')

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

  it('does not leave out what every root has, and says so', async (t) => {
    const image = ['packages: {remove: [nano, libc6]}']
    const error = await expectCode('E-PACKAGE-REQUIRED', () => resolveSample(t, { image }))
    assert.deepEqual(error.subjects, ['libc6'])
    assert.match(error.message, /\(debian-13-core-amd64-generic\/base\)$/)
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

  it('takes tools for an architecture that this machine does not run, from it and for it', async (t) => {
    const own = ownArchitecture()
    const arch = own === 'arm64' ? 'amd64' : 'arm64'
    const { build } = await resolveSample(t, { arch })
    const [roots] = build.foreign
    assert.equal(roots?.arch, arch)
    assert.deepEqual([roots?.cross.all.request.arch, roots?.target.all.request.arch], [own, arch])
    assert.ok(roots?.cross.all.packages.some(({ name }) => name === 'qemu-user'))
    assert.ok(
      `cross-${arch}/${own}/all` in build.lock.sets && `target-${arch}/${arch}/base` in build.lock.sets,
    )
    assert.deepEqual((await resolveSample(t, { arch: own })).build.foreign, [])
  })

  it('fails at a package that the archive does not have, by its name', async (t) => {
    const image = ['packages: {add: [htopp]}']
    const error = await expectCode('E-PACKAGE-UNKNOWN', () => resolveSample(t, { image }))
    assert.deepEqual(error.subjects, ['htopp'])
  })
})
