import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { LockedArchive, LockedPackage } from '../lock/lock.ts'
import { canonicalJson, contentKey, fingerprintOf, isFullyTracked, stepVersions } from './fingerprint.ts'
import type { Step, StepOf } from './step.ts'

const base: StepOf<'base'> = {
  id: 'one/base',
  kind: 'base',
  title: 'base',
  params: { suite: 'trixie', arch: 'amd64', epoch: 1000 },
  inputs: { repository: 'one/base-files' },
}

const curl: LockedPackage = {
  name: 'curl',
  version: '8.14.1-2',
  architecture: 'amd64',
  sha256: 'ab'.repeat(32),
  size: 1234,
  url: 'http://mirror.test/pool/curl_8.14.1-2_amd64.deb',
}

const files: StepOf<'repository'> = {
  id: 'one/files',
  kind: 'repository',
  title: 'files',
  params: { packages: [curl, { ...curl, name: 'zstd', sha256: 'cd'.repeat(32) }] },
  inputs: {},
}

const packages: StepOf<'packages'> = {
  id: 'one/packages',
  kind: 'packages',
  title: 'packages',
  params: {
    packages: [curl],
    archives: [{ uri: 'http://mirror.test/', suite: 'trixie', components: ['main'] }],
    epoch: 1000,
  },
  inputs: { base: 'one/base', repository: 'one/files' },
}

const iso: StepOf<'iso'> = {
  id: 'one/iso',
  kind: 'iso',
  title: 'ISO',
  params: {
    file: 'one.iso',
    title: 'One',
    arch: 'amd64',
    cloudConfig: { file: '/home/a/cloud.yaml', digest: 'c1' },
    medium: { folder: '/home/a/medium', digest: 'm1' },
    epoch: 1000,
  },
  inputs: {
    payload: 'one/payload',
    'root-image': 'one/root-image',
    'boot-loader': 'boot-loader/amd64',
    toolchain: 'toolchain',
  },
}

const { params } = base
const keyOf = (step: Step, inputs: Record<string, string> = { payload: 'p1' }) =>
  contentKey(fingerprintOf(step, inputs))
const withBase = (change: Partial<typeof params>) => ({ ...base, params: { ...params, ...change } })
const withCurl = (change: Partial<LockedPackage>) => ({
  ...files,
  params: { packages: files.params.packages.map((each) => (each === curl ? { ...curl, ...change } : each)) },
})
const withArchive = (change: Partial<LockedArchive>) => ({
  ...packages,
  params: {
    ...packages.params,
    archives: packages.params.archives.map((each) => ({ ...each, ...change })),
  },
})
const withIso = (change: Partial<typeof iso.params>) => ({ ...iso, params: { ...iso.params, ...change } })

describe('the content key of a step', () => {
  const same: readonly (readonly [what: string, a: Step, b: Step])[] = [
    ['its id and title', base, { ...base, id: 'two/base', title: 'another' }],
    ['where package files are to be had', files, withCurl({ url: 'http://other.test/curl.deb' })],
    ['where the cloud-config lies', iso, withIso({ cloudConfig: { file: '/b.yaml', digest: 'c1' } })],
    ['where the folder of the medium lies', iso, withIso({ medium: { folder: '/b', digest: 'm1' } })],
    ['which steps its inputs come from', iso, { ...iso, inputs: { ...iso.inputs, payload: 'two/payload' } }],
  ]
  for (const [what, a, b] of same) it(`does not depend on ${what}`, () => assert.equal(keyOf(a), keyOf(b)))

  const different: readonly (readonly [what: string, a: Step, b: Step])[] = [
    ['the content of a package file', files, withCurl({ sha256: 'ef'.repeat(32) })],
    ['the version of a package', files, withCurl({ version: '8.14.1-3' })],
    ['which packages there are', files, { ...files, params: { packages: [curl] } }],
    ['the archive that the image names', packages, withArchive({ uri: 'http://other.test/' })],
    ['the components of the archive that the image names', packages, withArchive({ components: [] })],
    ['the date', base, withBase({ epoch: 1001 })],
    ['the suite', base, withBase({ suite: 'forky' })],
    ['the architecture', base, withBase({ arch: 'arm64' })],
    [
      'the content of the cloud-config',
      iso,
      withIso({ cloudConfig: { file: '/home/a/cloud.yaml', digest: 'c2' } }),
    ],
    ['whether there is a cloud-config', iso, withIso({ cloudConfig: undefined })],
    [
      'the content of the medium folder',
      iso,
      withIso({ medium: { folder: '/home/a/medium', digest: 'm2' } }),
    ],
    ['the name of the file that it makes', iso, withIso({ file: 'two.iso' })],
  ]
  for (const [what, a, b] of different) it(`depends on ${what}`, () => assert.notEqual(keyOf(a), keyOf(b)))

  it('depends on the digest of each input, and on which input has it', () => {
    const inputs = [
      { payload: 'p1' },
      { payload: 'p2' },
      { toolchain: 'p1' },
      { payload: 'p1', toolchain: 't' },
      {},
    ]
    assert.equal(new Set(inputs.map((each) => keyOf(iso, each))).size, inputs.length)
  })

  it('depends on the version of the code behind the step, and on the kind of step', (t) => {
    const before = stepVersions.base
    t.after(() => {
      stepVersions.base = before
    })
    const [one, kindChanged] = [
      fingerprintOf(base, {}),
      { ...fingerprintOf(base, {}), kind: 'packages' as const },
    ]
    stepVersions.base = before + 1
    const versionRaised = fingerprintOf(base, {})
    assert.equal(new Set([one, kindChanged, versionRaised].map(contentKey)).size, 3)
  })

  it('is 64 hexadecimal digits, for every step', () => {
    for (const step of [base, files, packages, iso]) assert.match(keyOf(step), /^[0-9a-f]{64}$/)
  })
})

describe('a step that takes what no digest tells', () => {
  const cases: readonly (readonly [params: unknown, tracked: boolean])[] = [
    [undefined, true],
    [{}, true],
    [{ tracked: true, other: [false] }, true],
    [{ tracked: false }, false],
    [{ base: [{ kind: 'x', tracked: false }] }, false],
    [{ tracked: { tracked: false } }, false],
  ]
  for (const [params, tracked] of cases) {
    it(`is ${tracked ? 'not ' : ''}one with ${JSON.stringify(params)}`, () =>
      assert.equal(isFullyTracked(params), tracked))
  }

  it('says so in its fingerprint, and only there', () => {
    assert.equal('fullyTracked' in fingerprintOf(base, {}), false)
    const untracked = { ...base, params: { ...params, tracked: false } }
    assert.equal(fingerprintOf(untracked, {}).fullyTracked, false)
  })
})

describe('canonical JSON', () => {
  const cases: readonly (readonly [value: unknown, text: string])[] = [
    [{ b: 1, a: { d: [3, { f: 1, e: 2 }], c: null } }, '{"a":{"c":null,"d":[3,{"e":2,"f":1}]},"b":1}'],
    [{ b: undefined, a: true }, '{"a":true}'],
    [[2, 1], '[2,1]'],
    ['"', String.raw`"\""`],
  ]
  for (const [value, text] of cases) it(`of ${text}`, () => assert.equal(canonicalJson(value), text))

  it('holds the same data', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) =>
        assert.equal(canonicalJson(turned(value)), canonicalJson(value)),
      ),
    )
  })

  it('differs exactly where the data differ', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const equal = isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)))
        assert.equal(canonicalJson(a) === canonicalJson(b), equal)
      }),
    )
  })
})

/** The same data with the keys of every object the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [key, turned(inner)] as const)
  return Object.fromEntries(entries.reverse())
}
