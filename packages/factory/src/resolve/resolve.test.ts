import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { Architecture } from '@kiln/contract'
import { loadDefinition } from '../definition/load.ts'
import { listDistros, loadDistro } from '../distros/load.ts'
import { serve } from '../testkit/server.ts'
import { expectCode, type Planted, plant, temporaryFolder } from '../testkit/testkit.ts'
import { toolchainSuite } from '../toolchain/packages.ts'
import { type ResolvedBuild, type ResolveOptions, resolveBuild } from './resolve.ts'

const debian = loadDistro('debian')

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
  const { url, asked } = await serve(t, () => 'Date: Sat, 06 Sep 2025 10:00:00 UTC\n')
  const folder = temporaryFolder(t)
  const head = ['name: sample', 'version: v1.0.0', `mirror: ${url}`, 'keyring: keys.gpg', 'images:']
  const lines = [...head, '  - flavor: debian', '    release: "13"', ...image.map((line) => `    ${line}`)]
  plant(folder, { 'kiln.yaml': `${lines.join('\n')}\n`, 'keys.gpg': 'keys', ...files })
  const definition = loadDefinition(folder, listDistros())
  const { signal } = new AbortController()
  const given = {
    definition,
    images: definition.images.map((each) => ({ ...each, arch: arch ?? each.arch })),
    cloudConfig: undefined,
    kilnVersion: 'v9.9.9',
    signal,
  }
  return { build: await resolveBuild({ ...given, ...options }), asked, folder }
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
    const { install, remove } = only(build)
    const { required, default: usual } = debian.packages
    const expected = [
      ...new Set([...required, ...usual, debian.kernel.amd64 ?? '', 'htop', 'curl']),
    ].toSorted()
    assert.deepEqual(install, expected)
    assert.deepEqual(remove, [])
  })

  it('leaves out what the user takes out, and the services that came with it', async (t) => {
    const { build } = await resolveSample(t, { image: ['packages: {remove: [openssh-server, nano]}'] })
    const { install, remove, services } = only(build)
    assert.deepEqual(remove, ['openssh-server', 'nano'])
    for (const name of remove) assert.ok(!install.includes(name), name)
    assert.ok(!services.enable.includes('ssh.service'))
    assert.ok(services.enable.includes('systemd-networkd.service'))
  })

  it('takes the kernel that the user names instead of the usual one', async (t) => {
    const { build } = await resolveSample(t, { image: ['kernel: {package: linux-image-cloud-amd64}'] })
    const { install } = only(build)
    assert.ok(install.includes('linux-image-cloud-amd64'))
    assert.ok(!install.includes(debian.kernel.amd64 ?? ''))
  })

  it('joins the services and the layout of all distributions with those of this one', async (t) => {
    const { services, layout } = only((await resolveSample(t)).build)
    for (const verb of ['enable', 'mask'] as const) {
      assert.deepEqual(services[verb], [...debian.common.services[verb], ...debian.services[verb]])
    }
    assert.deepEqual(layout, { schema: 'kiln.layout/v1', ...debian.common.layout })
  })

  it('asks one archive once, though the toolchain takes from it, too', async (t) => {
    const { build, asked } = await resolveSample(t)
    assert.deepEqual(asked.toSorted(), [
      `/dists/${toolchainSuite}-updates/InRelease`,
      `/dists/${toolchainSuite}/InRelease`,
    ])
    assert.deepEqual(build.toolchain, only(build).archive)
  })

  it('asks for the suite that the base names', async (t) => {
    const { build, asked } = await resolveSample(t, { image: ['base: debian:bookworm'] })
    assert.deepEqual(
      only(build).archive.suites.map(({ suite }) => suite),
      ['bookworm', 'bookworm-updates'],
    )
    assert.ok(asked.includes('/dists/bookworm/InRelease'))
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
    const error = await expectCode('E-BASE-UNKNOWN', () => resolveSample(t, { image: ['base: "tar:/x"'] }))
    assert.match(error.message, /tar:\/x/)
    assert.match(error.hint ?? '', /debian:trixie/)
  })

  it('fails for an architecture without a usual kernel, unless one is named', async (t) => {
    const arch = 'riscv64'
    await expectCode('E-KERNEL-MISSING', () => resolveSample(t, { arch }))
    const image = ['kernel: {package: linux-image-riscv64}']
    assert.ok(only((await resolveSample(t, { arch, image })).build).install.includes('linux-image-riscv64'))
  })
})
