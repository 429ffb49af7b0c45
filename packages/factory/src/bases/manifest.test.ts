import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Architecture } from '@kiln/contract'
import { expectCode } from '../testkit/testkit.ts'
import { checkArchitecture, chooseManifest, parseManifest } from './manifest.ts'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const entry = (digit: string, os: string, architecture: string, variant?: string) => ({
  digest: digest(digit),
  size: 1,
  platform: { os, architecture, variant },
})

describe('the image of an architecture in an index', () => {
  const manifests = [
    entry('0', 'unknown', 'unknown'),
    entry('1', 'windows', 'amd64'),
    entry('2', 'linux', 'amd64', 'v3'),
    entry('3', 'linux', 'amd64'),
    entry('4', 'linux', 'arm', 'v7'),
    entry('5', 'linux', 'arm64', 'v8'),
  ]
  for (const [arch, digit] of [
    ['amd64', '3'],
    ['arm64', '5'],
  ] as const) {
    it(`for ${arch}`, () => assert.equal(chooseManifest({ manifests }, arch), digest(digit)))
  }

  const missing: readonly (readonly [Architecture, typeof manifests])[] = [
    ['riscv64', manifests],
    ['amd64', manifests.slice(0, 3)],
    ['amd64', []],
  ]
  for (const [arch, some] of missing) {
    it(`is missed for ${arch} among ${some.length}`, async () => {
      const error = await expectCode('E-BASE-MISMATCH', () => chooseManifest({ manifests: some }, arch))
      assert.doesNotMatch(error.hint ?? '', /unknown/)
    })
  }
})

describe('a manifest', () => {
  it('names layers from the lowest up', () => {
    const layers = [digest('a'), digest('b')].map((name) => ({ digest: name, size: 1 }))
    const manifest = parseManifest(JSON.stringify({ config: { digest: digest('c'), size: 1 }, layers }))
    assert.deepEqual('layers' in manifest && manifest.layers, layers)
  })

  const bad = [
    '',
    '{',
    'null',
    '{}',
    '{"manifests":[{"digest":"../../etc/passwd","size":1}]}',
    '{"schemaVersion":1}',
  ]
  for (const text of bad) {
    it(`is not ${text || 'nothing'}`, async () => {
      await expectCode('E-BASE-UNKNOWN', () => parseManifest(text))
    })
  }
})

describe('the configuration of an image', () => {
  it('fits', () => checkArchitecture('{"os":"linux","architecture":"amd64"}', 'amd64'))
  for (const text of ['{"os":"linux","architecture":"arm64"}', '{"os":"windows","architecture":"amd64"}']) {
    it(`does not fit: ${text}`, async () => {
      await expectCode('E-BASE-MISMATCH', () => checkArchitecture(text, 'amd64'))
    })
  }
})
