import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isKilnError } from './error.ts'
import { formName, type WantedName } from './name-check.ts'
import { parseName, type ReadNameOptions } from './name-parse.ts'
import { baseTag, type ImageIdentity, imageName } from './names.ts'
import { releaseIdentity } from './release-identity.ts'
import { listUpgrades } from './upgrades.ts'
import { suggestVersion } from './versions.ts'

/**
 * How the field's own tools name things, case by case: what they do right, and what they should have done where they are
 * wrong. The letters are those of the case, and of the tool that it is about.
 */
const leap: ImageIdentity = {
  flavor: 'opensuse',
  flavorRelease: 'leap-15.5',
  variant: 'standard',
  arch: 'amd64',
  device: 'generic',
  version: 'v2.4.2',
  kubernetes: { distribution: 'k3s', version: 'v1.26.9+k3s1' },
}
const { kubernetes: _, ...without } = leap
const ubuntu: ImageIdentity = {
  ...leap,
  flavor: 'ubuntu',
  flavorRelease: '24.04',
  version: 'v3.4.2',
  kubernetes: { distribution: 'k3s', version: 'v1.30.2+k3s1' },
}
const hadron: ImageIdentity = {
  flavor: 'hadron',
  flavorRelease: 'v0.5.1',
  variant: 'standard',
  arch: 'arm64',
  device: 'rpi4',
  version: 'v4.2.0',
  kubernetes: { distribution: 'k0s', version: 'v1.36.2+k0s.0' },
}
const inRegistry = { kind: 'reference', registry: 'quay.io/kairos' } as const

function problem(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (isKilnError(error) && error.code === 'E-NAME') return error.message
    throw error
  }
  return 'none'
}

describe('versioneer: names that it forms', () => {
  const cases: readonly (readonly [id: string, wanted: WantedName, expected: string])[] = [
    [
      'bootable name',
      { kind: 'file', image: leap },
      'kairos-opensuse-leap-15.5-standard-amd64-generic-v2.4.2-k3sv1.26.9+k3s1',
    ],
    [
      'bootable name, no Kubernetes',
      { kind: 'file', image: without },
      'kairos-opensuse-leap-15.5-standard-amd64-generic-v2.4.2',
    ],
    [
      'container name',
      { ...inRegistry, image: leap },
      'quay.io/kairos/opensuse:leap-15.5-standard-amd64-generic-v2.4.2-k3sv1.26.9-k3s1',
    ],
    [
      'container name, no Kubernetes',
      { ...inRegistry, image: without },
      'quay.io/kairos/opensuse:leap-15.5-standard-amd64-generic-v2.4.2',
    ],
    [
      'ubuntu with k3s',
      { kind: 'file', image: ubuntu, ending: '.iso' },
      'kairos-ubuntu-24.04-standard-amd64-generic-v3.4.2-k3sv1.30.2+k3s1.iso',
    ],
    [
      'ubuntu with k3s, tag',
      { kind: 'tag', image: ubuntu },
      '24.04-standard-amd64-generic-v3.4.2-k3sv1.30.2-k3s1',
    ],
    [
      'hadron with k0s',
      { kind: 'file', image: hadron, ending: '.raw' },
      'kairos-hadron-v0.5.1-standard-arm64-rpi4-v4.2.0-k0sv1.36.2+k0s.0.raw',
    ],
    [
      'hadron with k0s, tag',
      { kind: 'tag', image: hadron },
      'v0.5.1-standard-arm64-rpi4-v4.2.0-k0sv1.36.2-k0s.0',
    ],
    [
      'F21: uki',
      { kind: 'tag', image: ubuntu, ending: '-uki' },
      '24.04-standard-amd64-generic-v3.4.2-k3sv1.30.2-k3s1-uki',
    ],
    [
      'F20: tag with Kubernetes',
      { kind: 'tag', image: hadron },
      'v0.5.1-standard-arm64-rpi4-v4.2.0-k0sv1.36.2-k0s.0',
    ],
    ['F20: tag without', { kind: 'tag', image: without }, 'leap-15.5-standard-amd64-generic-v2.4.2'],
  ]
  for (const [id, wanted, expected] of cases) {
    test(id, () => assert.equal(formName(wanted), expected))
  }

  test('base container name', () => assert.equal(baseTag(leap, 'master'), 'leap-15.5-amd64-generic-master'))
})

describe('versioneer: names that it refuses', () => {
  const file = (image: Partial<ImageIdentity>): WantedName => ({ kind: 'file', image: { ...leap, ...image } })
  const cases: readonly (readonly [id: string, wanted: WantedName, expected: RegExp])[] = [
    ['version empty', file({ version: '' }), /^the version is empty$/],
    ['flavor empty', { ...file({ flavor: '' }), ...inRegistry }, /^the flavor is empty$/],
    ['flavor release empty', file({ flavorRelease: '' }), /^the release of the distribution is empty$/],
    ['model empty', file({ device: '' }), /^the device is empty$/],
    [
      'software version without prefix',
      file({ kubernetes: { distribution: '', version: 'v1.28.3' } }),
      /^the distribution of Kubernetes is empty$/,
    ],
    // What it lets through, and nobody could read back.
    [
      'flavor that nobody could tell from its release',
      file({ flavor: 'opensuse-leap', flavorRelease: '15.5' }),
      /its flavor.* would differ/,
    ],
    [
      'prefix within the software version',
      file({ kubernetes: { distribution: 'k3s', version: 'k3sv1.26.9+k3s1' } }),
      /./,
    ],
    ['core with Kubernetes', file({ variant: 'core' }), /no core image/],
    ['version without v', file({ version: '2.4.2' }), /version is not one/],
    ['version of a branch', file({ version: 'master' }), /version/],
    [
      'a tag of more than 128 characters',
      { kind: 'tag', image: { ...leap, version: `v1.0.0-${'a'.repeat(128)}` } },
      /at most 128/,
    ],
    ['version that looks like an ending', { kind: 'tag', image: { ...leap, version: 'v1.0.0-img' } }, /./],
    ['a second version in the device', file({ device: 'board-v2' }), /version/],
  ]
  for (const [id, wanted, expected] of cases) {
    test(id, () =>
      assert.match(
        problem(() => formName(wanted)),
        expected,
      ),
    )
  }
})

describe('AuroraBoot: names from the release file', () => {
  const release = {
    KAIROS_FLAVOR: 'ubuntu',
    KAIROS_FLAVOR_RELEASE: '24.04',
    KAIROS_VARIANT: 'standard',
    KAIROS_ARCH: 'amd64',
    KAIROS_MODEL: 'generic',
    KAIROS_VERSION: 'v3.4.2',
    KAIROS_SOFTWARE_VERSION: 'v1.32.4+k3s1',
    KAIROS_SOFTWARE_VERSION_PREFIX: 'k3s',
  }
  const { KAIROS_ARCH: arch, ...archless } = release
  const { KAIROS_SOFTWARE_VERSION_PREFIX: prefix, ...prefixless } = release
  const { KAIROS_SOFTWARE_VERSION: software, ...softwareless } = release
  const plain = 'ubuntu-24.04-standard-amd64-generic-v3.4.2'
  const whole = `${plain}-${prefix}${software}`
  const missing = ['KAIROS_FLAVOR_RELEASE', 'KAIROS_VARIANT', 'KAIROS_ARCH', 'KAIROS_MODEL', 'KAIROS_VERSION']
  const cases: readonly (readonly [
    id: string,
    values: Record<string, string>,
    expected: string | readonly string[],
  ])[] = [
    ['N1: standard with k3s', release, whole],
    ['N2: core', { ...release, KAIROS_VARIANT: 'core' }, plain.replace('standard', 'core')],
    ['N3: TARGETARCH in place of ARCH', { ...archless, KAIROS_TARGETARCH: arch }, whole],
    ['N4: no prefix', prefixless, plain],
    ['N5: no software version', softwareless, plain],
    // There it would be named ubuntu-custom-label, which nothing can read back.
    [
      'N6: no release file, IMAGE_LABEL in os-release',
      { FLAVOR: 'ubuntu', IMAGE_LABEL: 'custom-label' },
      missing,
    ],
    ['N7: only a flavor', { FLAVOR: 'ubuntu' }, missing],
    [
      'without KAIROS_',
      Object.fromEntries(Object.entries(release).map(([key, value]) => [key.slice(7), value])),
      whole,
    ],
    ['RELEASE in place of VERSION', { ...release, KAIROS_VERSION: '', KAIROS_RELEASE: 'v3.4.2' }, whole],
    ['an architecture that is none', { ...release, KAIROS_ARCH: 'x86_64' }, ['KAIROS_ARCH']],
  ]
  for (const [id, values, expected] of cases) {
    test(id, () => {
      const identity = releaseIdentity(values)
      assert.deepEqual('image' in identity ? imageName(identity.image) : identity.missing, expected)
    })
  }
})

describe('factory action: flavor and release by the name of the base', () => {
  /** What it makes of them; where they cannot be a name, it is refused before anything is built. */
  const cases: readonly (readonly [id: string, flavor: string, release: string, fits: boolean])[] = [
    ['F1', 'ubuntu', '24.04', true],
    ['F2', 'opensuse', 'leap-15.6', true],
    ['F3', 'opensuse', 'tumbleweed-latest', true],
    ['F4', 'hadron', 'v0.5.1', true],
    ['F5', 'centos', 'stream9', true],
    ['F6', 'rockylinux', 'rockylinux-9', false],
    ['F7', 'arm64v8', 'debian-12-slim', false],
    ['F8', 'ubuntu', 'ubuntu', true],
    ['F9', 'opensuse', 'tumbleweed-opensuse/tumbleweed', false],
    ['F10', 'redhat', 'ubi9-redhat/ubi9', false],
    ['F11', 'hadron', 'ghcr.io/kairos-io/hadron', false],
    ['F12', 'localhost', '5000/foo/ubuntu', false],
    ['F13', 'ubuntu@sha256', 'abcd', false],
    ['F14', 'ubuntu', '24.04@sha256', false],
    ['F15', '5.4', 'latest', true],
    ['F16', 'debian', 'bookworm', true],
    ['F17', 'almalinux', '9', true],
    ['F18', 'sle-micro-rancher', '5.4', true],
  ]
  for (const [id, flavor, flavorRelease, fits] of cases) {
    test(`${id}: ${flavor} ${flavorRelease}`, () => {
      const found = problem(() => formName({ kind: 'file', image: { ...without, flavor, flavorRelease } }))
      assert.equal(found === 'none', fits, found)
    })
  }

  const versions: readonly (readonly [id: string, text: string, meant: string | undefined])[] = [
    ['F19: only a hash', '24ca209', 'v0.0.0-24ca209'],
    ['F19: described', 'v3.2.4-36-g24ca209', 'v3.2.4-36-g24ca209'],
    ['1', '1', 'v1.0.0'],
    ['1.0', '1.0', 'v1.0.0'],
    ['v1.0.0', 'v1.0.0', 'v1.0.0'],
    ['1.0.0-rc1', '1.0.0-rc1', 'v1.0.0-rc1'],
    ['1.0.0+build5', '1.0.0+build5', 'v1.0.0+build5'],
    // Not v2026.1.5: the image would be tagged as another version than it says it is.
    ['2026.01.05', '2026.01.05', 'v2026.01.05'],
    ['v1.2.3.4', 'v1.2.3.4', undefined],
    ['master', 'master', undefined],
    ['nothing', '', undefined],
    ['v1.2.3_foo', 'v1.2.3_foo', undefined],
  ]
  for (const [id, text, meant] of versions) {
    test(`version ${id}`, () => assert.equal(suggestVersion(text), meant))
  }

  test('F22: names of other architectures are no architectures', () => {
    assert.equal(
      problem(() => parseName('debian-13-core-x86_64-generic-v1.0.0')),
      '"x86_64" is no architecture',
    )
  })

  test('#4597: no two images of a matrix have the same tag or file', () => {
    const kubernetes = [undefined, 'v1.31.7+k3s1', 'v1.32.3+k3s1', 'v1.31.6+k0s.0'].map((version) =>
      version ? { distribution: version.includes('k0s') ? 'k0s' : 'k3s', version } : undefined,
    )
    const images = ['generic', 'rpi4'].flatMap((device) =>
      kubernetes.map((each) => ({ ...without, device, ...(each ? { kubernetes: each } : {}) })),
    )
    for (const kind of ['tag', 'file'] as const) {
      assert.equal(new Set(images.map((image) => formName({ kind, image }))).size, images.length)
    }
  })
})

describe('versioneer: lists of upgrades that it gets wrong', () => {
  const list = (running: ImageIdentity, ...tags: readonly string[]) =>
    listUpgrades(running, tags, { pre: true, all: false }).offered.map(({ text }) => text)
  const tag = (image: ImageIdentity) => formName({ kind: 'tag', image })
  const newer = (image: ImageIdentity, changes: Partial<ImageIdentity>) => tag({ ...image, ...changes })
  const version = 'v3.5.0'
  const k3s = (of: string) => ({ kubernetes: { distribution: 'k3s', version: of } })
  const core: ImageIdentity = { ...without, variant: 'core', version: 'v1.0.0' }

  const cases: readonly (readonly [
    id: string,
    running: ImageIdentity,
    tags: readonly string[],
    expected: readonly string[],
  ])[] = [
    [
      'a version with a build',
      { ...core, version: 'v1.0.0+build5' },
      [newer(core, { version: 'v1.1.0' })],
      [newer(core, { version: 'v1.1.0' })],
    ],
    ['a release that ends like this one', ubuntu, [newer(ubuntu, { version, flavorRelease: '124.04' })], []],
    [
      'a newer Kubernetes, with a dash more',
      { ...ubuntu, version },
      ['24.04-standard-amd64-generic-v3.5.0-k3s-v1.33.2-k3s1'],
      ['24.04-standard-amd64-generic-v3.5.0-k3s-v1.33.2-k3s1'],
    ],
    [
      'k0s for k3s',
      ubuntu,
      [newer(ubuntu, { version, kubernetes: { distribution: 'k0s', version: 'v1.36.2+k0s.0' } })],
      [],
    ],
    [
      'a core image with Kubernetes, for one without',
      core,
      ['leap-15.5-core-amd64-generic-v3.5.0-k3sv1.28.2-k3s1'],
      [],
    ],
    [
      'a newer system with an older Kubernetes',
      ubuntu,
      [newer(ubuntu, { version, ...k3s('v1.29.9+k3s1') })],
      [],
    ],
    [
      'ten commits and three',
      { ...core, version: 'v1.0.0-3-g1234abc' },
      ['v1.0.0', 'v1.0.0-10-g1234abc', 'v1.0.0-2-g1234abc'].map((other) => newer(core, { version: other })),
      [newer(core, { version: 'v1.0.0-10-g1234abc' })],
    ],
    [
      'a version without v',
      { ...core, version: '1.5.0' },
      ['v1.4.0', 'v1.6.0'].map((other) => newer(core, { version: other })),
      [newer(core, { version: 'v1.6.0' })],
    ],
    [
      'a release with its date',
      { ...core, flavorRelease: 'tumbleweed-20260105' },
      [newer(core, { version, flavorRelease: 'tumbleweed-20260212' })],
      [newer(core, { version, flavorRelease: 'tumbleweed-20260212' })],
    ],
  ]
  for (const [id, running, tags, expected] of cases) {
    test(id, () => assert.deepEqual(list(running, ...tags), expected))
  }
})

describe('what is wrong with a name is said at its place', () => {
  const cases: readonly (readonly [text: string, at: string, message: RegExp, options?: ReadNameOptions])[] =
    [
      ['kairos-debian-13-light-amd64-generic-v1.0.0.iso', 'light', /no variant/],
      ['kairos-debian-13-core-x86_64-generic-v1.0.0.iso', 'x86_64', /no architecture/],
      ['kairos-debian-13-core-amd64-generic-1.0.0.iso', '1.0.0', /the version is not one/],
      ['kairos-debian-13-core-amd64-generic-v1.2.3.4.iso', '.4', /the version is not one/],
      ['kairos-debian-13-core-amd64-generic-v1.0.0_1.iso', '_1', /the version is not one/],
      ['kairos-debian-13-core-amd64-generic-v1.2.iso', '', /the version is not one/],
      ['kairos-debian-13-core-amd64-generic-v1.0.0.isa', '.isa', /no ending/],
      ['kairos-debian-13-core-amd64-generic.iso', '', /a device and a version/],
      ['kairos-debian-13-core-amd64-Generic-v1.0.0.iso', 'Generic', /cannot be a device/],
      ['kairos-debian-core-amd64-generic-v1.0.0.iso', 'debian', /missing before the variant/],
      ['kairos-a-b-c-core-amd64-generic-v1.0.0.iso', 'a-b-c', /where in "a-b-c" the flavor ends/],
      ['kairos-core-opensuse-amd64-generic-v2.4.1.iso', 'opensuse', /no variant/],
      ['kairos-debian-13-standard-amd64-generic-v1.0.0-k3sv1.30+k3s1.iso', '+k3s1', /version of k3s/],
      ['kairos-debian-13-standard-amd64-generic-v1.0.0-koopsv1.30.2.iso', 'koopsv1.30.2', /no Kubernetes/],
      ['kairos-debian-13.iso', 'debian-13', /no variant and architecture/],
      ['quay.io/kairos/debian:13-core-amd64-generic-v1.0.0+5', '+', /cannot be in a tag/],
      ['13-core-amd64-generic-v1.0.0+5', '+', /cannot be in a tag/],
      ['quay.io/kairos/debian', '', /no tag/],
      ['quay.io/kairos/debian:13-core-amd64-generic-master', '', /a device and a version/],
      [
        `sha256-${'ab'.repeat(32)}.sig`,
        `sha256-${'ab'.repeat(32)}.sig`,
        /signature of an image/,
        { kind: 'tag' },
      ],
      ['debian-13.iso', 'debian-13.iso', /begin with kairos-/, { kind: 'file' }],
    ]
  for (const [text, at, expected, options] of cases) {
    test(text, () => {
      try {
        parseName(text, options)
      } catch (error) {
        assert.ok(isKilnError(error))
        assert.equal(error.code, 'E-NAME')
        assert.match(error.message, expected)
        const { column = 0, end, text: source = '' } = error.place ?? {}
        assert.equal(source, text)
        assert.equal(text.slice(column - 1, (end?.column ?? 0) - 1), at, error.message)
        return
      }
      assert.fail('it was read')
    })
  }

  test('the odd tags of the field are read with a word of help', () => {
    const name = 'rockylinux-9-standard-amd64-generic-v3.6.0'
    assert.deepEqual(parseName(name).image.flavor, 'rockylinux')
    assert.deepEqual(parseName(name, { kind: 'tag' }).image.flavorRelease, 'rockylinux-9')
  })
})
