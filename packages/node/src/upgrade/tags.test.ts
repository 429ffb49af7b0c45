import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { listVersions, type RunningImage, readTag } from './tags.ts'

const core: RunningImage = {
  flavorRelease: '13',
  variant: 'core',
  arch: 'amd64',
  device: 'generic',
  version: 'v2.4.1',
}
const standard: RunningImage = {
  ...core,
  flavorRelease: 'leap-15.5',
  variant: 'standard',
  version: 'v2.4.2-rc1',
  software: { prefix: 'k3s', version: 'v1.27.6+k3s1' },
}

const list = (tags: readonly string[], image = core, rules = {}) =>
  listVersions(tags, image, { pre: false, all: false, ...rules }).map(({ tag }) => tag)

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
      assert.equal(readTag(tag(version), { ...core, version: running })?.version.text, expected)
    })
  }

  test('Kubernetes has its + back', () => {
    const read = readTag(tag('v3.4.2-k3sv1.30.2-k3s1', standard), standard)
    assert.deepEqual([read?.version.text, read?.software?.text], ['v3.4.2', 'v1.30.2+k3s1'])
  })

  test('a newer build of the same version is newer', () => {
    const image = { ...core, version: 'v1.0.0+build5' }
    assert.deepEqual(list([tag('v1.0.0-build7'), tag('v1.0.0-build5'), tag('v1.0.0-build10')], image), [
      tag('v1.0.0-build10'),
      tag('v1.0.0-build7'),
    ])
  })
})
