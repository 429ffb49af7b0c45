import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ImageIdentity } from '@kiln/contract'
import { expectCode } from '../testkit/testkit.ts'
import { pushTargets, readReference } from './target.ts'

const image = (changes: Partial<ImageIdentity> = {}): ImageIdentity => ({
  flavor: 'debian',
  flavorRelease: '13',
  variant: 'core',
  arch: 'amd64',
  device: 'generic',
  version: 'v1.0.0+build.5',
  ...changes,
})
const hex = `sha256:${'ab'.repeat(32)}`

describe('under which names images are pushed', () => {
  for (const [text, images, expected] of [
    ['example.org/os', [image()], ['example.org/os:13-core-amd64-generic-v1.0.0-build.5']],
    ['oci:example.org:5000/os:mine', [image()], ['example.org:5000/os:mine']],
    ['docker://example.org/os:mine', [image()], ['example.org/os:mine']],
    [
      'example.org/os:mine',
      [image(), image({ arch: 'arm64' })],
      ['example.org/os:mine', 'example.org/os:mine'],
    ],
    [
      'example.org/os',
      [image(), image({ arch: 'arm64' })],
      [
        'example.org/os:13-core-amd64-generic-v1.0.0-build.5',
        'example.org/os:13-core-arm64-generic-v1.0.0-build.5',
      ],
    ],
  ] as const) {
    test(text, () => assert.deepEqual(pushTargets(text, images), expected))
  }

  for (const [text, images, message] of [
    ['example.org/os:mine', [image(), image({ version: 'v2.0.0' })], /2 images cannot share the tag "mine"/],
    ['example.org/os:mine', [image(), image()], /2 images cannot share the tag "mine"/],
    ['example.org/os', [image(), image({ flavor: 'other' })], /two images would both be/],
    [`example.org/os@${hex}`, [image()], /cannot be named by a digest/],
    ['example.org/OS', [image()], /"example.org\/OS" is no name/],
    ['', [image()], /is no name/],
  ] as const) {
    test(`${text} is refused`, async () => {
      assert.match((await expectCode('E-USAGE', () => pushTargets(text, images))).message, message)
    })
  }

  test('credentials in a reference are not repeated', async () => {
    const error = await expectCode('E-USAGE', () => readReference('user:geheim@example.org/os'))
    assert.ok(!error.message.includes('geheim'))
  })
})
