import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compareVersions, isPrerelease, parseVersion } from './versions.ts'

/** From old to new. */
const ordered = [
  'v0.9.9',
  'v1.0.0-alpha',
  'v1.0.0-alpha.1',
  'v1.0.0-alpha.beta',
  'v1.0.0-beta.2',
  'v1.0.0-beta.11',
  'v1.0.0-rc1',
  'v1.0.0-rc2',
  'v1.0.0-RC3',
  'v1.0.0-rc10',
  'v1.0.0-rc10-4-gabcdef0',
  'v1.0.0',
  'v1.0.0-3-g1234abc',
  'v1.0.0-10-g1234abc',
  'v1.0.1',
  'v1.2.0+build.9',
  'v1.2.0+build.10',
  'v1.10.0',
  'v1.26.9+k3s1',
  'v1.26.10+k3s1',
  'v1.26.10+k3s2',
  'v10.0.0',
  'v2026.1.5',
]

describe('versions', () => {
  test('have an order: numbers by value, pre-releases before, commits after', () => {
    const versions = ordered.map((text) => {
      const version = parseVersion(text)
      assert.ok(version, text)
      return version
    })
    for (const [i, a] of versions.entries()) {
      for (const [j, b] of versions.entries()) {
        assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a.text} and ${b.text}`)
      }
    }
  })

  for (const [text, expected] of [
    ['v1.0.0', false],
    ['v1.0.0+build.5', false],
    ['v1.0.0-rc1', true],
    ['v1.0.0-3-g1234abc', true],
  ] as const) {
    test(`${text} is ${expected ? 'no' : 'a'} release`, () => {
      const version = parseVersion(text)
      assert.ok(version)
      assert.equal(isPrerelease(version), expected)
    })
  }

  for (const text of [
    '',
    'master',
    'v1',
    'v1.2',
    'v1.2.3.4',
    '1.2.x',
    'v1.0.0_1',
    'v1.0.0-',
    'v1.0.0-a..b',
    'v1.0.0+',
  ]) {
    test(`${JSON.stringify(text)} is none`, () => assert.equal(parseVersion(text), undefined))
  }

  test('do without their v', () => assert.deepEqual(parseVersion('1.2.3')?.core, [1, 2, 3]))
})
