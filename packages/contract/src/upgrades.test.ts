import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseName } from './name-parse.ts'
import type { ImageIdentity } from './names.ts'
import { compareNames, listUpgrades, type Refusal } from './upgrades.ts'

const core: ImageIdentity = {
  flavor: 'debian',
  flavorRelease: '13',
  variant: 'core',
  arch: 'amd64',
  device: 'generic',
  version: 'v2.4.1',
}
const standard: ImageIdentity = {
  ...core,
  flavor: 'opensuse',
  flavorRelease: 'leap-15.5',
  variant: 'standard',
  version: 'v2.4.2-rc1',
  kubernetes: { distribution: 'k3s', version: 'v1.27.6+k3s1' },
}

const list = (tags: readonly string[], image = core, rules = {}) =>
  listUpgrades(image, tags, { pre: false, all: false, ...rules }).offered.map(({ text }) => text)

const tag = (version: string, image = core) =>
  `${image.flavorRelease}-${image.variant}-${image.arch}-${image.device}-${version}`

test('newer releases, the newest first, by number', () => {
  const tags = ['v2.4.2', 'v2.10.0', 'v2.4.0', 'v2.4.1', 'v3.0.0-rc1', 'v2.9.0'].map((version) =>
    tag(version),
  )
  assert.deepEqual(list(tags), [tag('v2.10.0'), tag('v2.9.0'), tag('v2.4.2')])
  assert.deepEqual(list(tags, core, { pre: true }), [
    tag('v3.0.0-rc1'),
    tag('v2.10.0'),
    tag('v2.9.0'),
    tag('v2.4.2'),
  ])
  assert.deepEqual(list(tags, core, { all: true }).at(-1), tag('v2.4.0'))
})

describe('what is another image', () => {
  for (const other of [
    '12-core-amd64-generic-v9.0.0',
    '113-core-amd64-generic-v9.0.0',
    '13-standard-amd64-generic-v9.0.0',
    '13-core-arm64-generic-v9.0.0',
    '13-core-amd64-rpi4-v9.0.0',
    '13-core-amd64-generic-v9.0.0-k3sv1.28.2-k3s1',
    '13-core-amd64-generic-v9.0.0-uki',
    '13-core-amd64-generic-v9.0.0-img',
    '13-core-amd64-generic-v9.0.0.sig',
    '13-core-amd64-generic-v9.0.0.att',
    '13-core-amd64-generic-v9.0.0.sbom',
    `sha256-${'ab'.repeat(32)}.sig`,
    '13-core-amd64-generic-master',
    '13-core-amd64-generic-',
    'latest',
  ]) {
    test(other, () => assert.deepEqual(list([other], core, { all: true, pre: true }), []))
  }

  test('another Kubernetes, and none', () => {
    const others = ['v9.0.0-k0sv1.36.2-k0s.0', 'v9.0.0'].map((version) => tag(version, standard))
    assert.deepEqual(list(others, standard), [])
  })
})

describe('images with Kubernetes', () => {
  const versions = [
    'v2.4.2-rc1-k3sv1.26.9-k3s1',
    'v2.4.2-rc1-k3sv1.27.6-k3s1',
    'v2.4.2-rc1-k3sv1.28.2-k3s1',
    'v2.4.2-rc2-k3sv1.27.6-k3s1',
    'v2.4.2-k3sv1.26.9-k3s1',
    'v2.4.2-k3sv1.27.6-k3s1',
    'v2.4.2-k3sv1.27.10-k3s1',
    'v2.4.2-k3sv1.28.2-k3s1',
  ]
  const tags = versions.map((version) => tag(version, standard))

  test('never go back to an older Kubernetes', () => {
    const expected = ['v2.4.2-k3sv1.28.2-k3s1', 'v2.4.2-k3sv1.27.10-k3s1', 'v2.4.2-k3sv1.27.6-k3s1']
    assert.deepEqual(
      list(tags, standard),
      expected.map((version) => tag(version, standard)),
    )
  })

  test('get a newer Kubernetes on the same system', () => {
    const expected = [
      'v2.4.2-k3sv1.28.2-k3s1',
      'v2.4.2-k3sv1.27.10-k3s1',
      'v2.4.2-k3sv1.27.6-k3s1',
      'v2.4.2-rc2-k3sv1.27.6-k3s1',
      'v2.4.2-rc1-k3sv1.28.2-k3s1',
    ]
    assert.deepEqual(
      list(tags, standard, { pre: true }),
      expected.map((version) => tag(version, standard)),
    )
  })

  test('all others, only when asked', () => {
    assert.equal(list(tags, standard, { pre: true, all: true }).length, tags.length - 1)
  })
})

const why = (tags: readonly string[], image = core, rules = {}) =>
  Object.fromEntries(
    listUpgrades(image, tags, { pre: false, all: false, ...rules }).refused.map((each) => [
      each.text,
      each.why,
    ]),
  )

describe('what a tag says', () => {
  for (const [version, running, expected] of [
    ['v1.0.0-build7', 'v1.0.0+build5', 'v1.0.0+build7'],
    ['v1.0.0-rc1-build7', 'v1.0.0+build5', 'v1.0.0-rc1+build7'],
    ['v1.0.0-build.7', 'v1.0.0+build.5', 'v1.0.0+build.7'],
    ['v1.0.0-7', 'v1.0.0+5', 'v1.0.0+7'],
    ['v1.0.0-rc1', 'v1.0.0+build5', 'v1.0.0-rc1'],
    ['v1.0.0-build7', 'v1.0.0', 'v1.0.0-build7'],
    ['v1.0.0-10-g1234abc', 'v1.0.0', 'v1.0.0-10-g1234abc'],
  ] as const) {
    test(`${version}, where ${running} runs`, () => {
      const read = parseName(tag(version), { kind: 'tag', like: { ...core, version: running } })
      assert.equal(read.image.version, expected)
    })
  }

  test('a newer build of the same version is newer', () => {
    const image = { ...core, version: 'v1.0.0+build5' }
    assert.deepEqual(list([tag('v1.0.0-build7'), tag('v1.0.0-build5'), tag('v1.0.0-build10')], image), [
      tag('v1.0.0-build10'),
      tag('v1.0.0-build7'),
    ])
  })
})

describe('what is not offered has its reason', () => {
  const cases: readonly (readonly [text: string, why: Refusal])[] = [
    [tag('v2.4.1'), 'same'],
    [tag('v2.4.0'), 'older'],
    [tag('v2.4.1-rc1'), 'older'],
    [tag('v2.5.0-rc1'), 'prerelease'],
    [tag('v2.4.1-3-g1234abc'), 'prerelease'],
    [tag('v2.5.0-uki'), 'no-image'],
    [`sha256-${'ab'.repeat(32)}.sig`, 'no-image'],
    ['13-core-amd64-rpi4-v2.5.0', 'another-image'],
    [tag('v2.5.0-k3sv1.28.2-k3s1'), 'another-image'],
  ]
  for (const [text, expected] of cases) test(text, () => assert.deepEqual(why([text]), { [text]: expected }))

  test('Kubernetes would go back', () => {
    const text = tag('v2.5.0-k3sv1.26.9-k3s1', standard)
    assert.deepEqual(why([text], standard), { [text]: 'older-kubernetes' })
  })

  test('a version without order, such as of a branch, is compared with none', () => {
    const tags = [tag('v2.5.0'), tag('v0.1.0')]
    for (const version of ['master', 'v1.2.3.4']) {
      assert.deepEqual(list(tags, { ...core, version }), [])
      assert.deepEqual(Object.values(why(tags, { ...core, version })), ['no-order', 'no-order'])
      assert.deepEqual(list(tags, { ...core, version }, { all: true }), tags)
    }
  })

  test('two spellings of one version are one', () => {
    const [joined, dashed] = ['v2.5.0-k3sv1.28.2-k3s1', 'v2.5.0-k3s-v1.28.2-k3s1'].map((version) =>
      tag(version, standard),
    )
    assert.ok(joined && dashed)
    assert.deepEqual(list([dashed, joined], standard), [joined])
    assert.deepEqual(why([dashed, joined], standard), { [dashed]: 'double' })
  })
})

describe('a distribution that rolls on', () => {
  const rolling = { ...core, flavor: 'opensuse', flavorRelease: 'tumbleweed-20260105' }
  const hadron = { ...core, flavor: 'hadron', flavorRelease: 'v0.5.1' }
  const at = (image: ImageIdentity, flavorRelease: string, version = 'v2.4.1') =>
    tag(version, { ...image, flavorRelease })

  test('is the same at a later date, and never taken back', () => {
    const later = at(rolling, 'tumbleweed-20260212')
    const tags = [later, at(rolling, 'tumbleweed-20251224', 'v2.5.0'), at(rolling, 'slowroll-20260212')]
    assert.deepEqual(list(tags, rolling), [later])
    assert.deepEqual(Object.values(why(tags, rolling)), ['older-base', 'another-image'])
  })

  test('has versions of its own, within a major one', () => {
    const tags = ['v0.6.0', 'v0.10.0', 'v0.5.0', 'v1.0.0', 'v0.11.0-beta1'].map((base) => at(hadron, base))
    assert.deepEqual(list(tags, hadron), [at(hadron, 'v0.10.0'), at(hadron, 'v0.6.0')])
    assert.deepEqual(Object.values(why(tags, hadron)), ['older-base', 'another-image', 'prerelease'])
  })
})

describe('two images', () => {
  const older = { distribution: 'k3s', version: 'v1.26.9+k3s1' }
  const cases: readonly (readonly [string, ImageIdentity, ImageIdentity, object])[] = [
    ['are the same', core, core, { differs: [], order: 'same' }],
    ['follow one another', core, { ...core, version: 'v2.5.0' }, { differs: [], order: 'newer' }],
    ['are of two devices', core, { ...core, device: 'rpi4' }, { differs: ['device'], order: 'same' }],
    [
      'have one part newer and one older',
      standard,
      { ...standard, version: 'v3.0.0', kubernetes: older },
      { differs: [], order: 'mixed' },
    ],
    ['have no order', core, { ...core, version: 'master' }, { differs: [], order: 'unknown' }],
  ]
  for (const [what, a, b, expected] of cases) {
    test(what, () => assert.deepEqual(compareNames(a, b), expected))
  }
})
