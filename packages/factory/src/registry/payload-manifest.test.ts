import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ErrorCode, ociAnnotations, ociTypes, payloadReference } from '@kiln/contract'
import { expectCode } from '../testkit/testkit.ts'
import { findPayload } from './payload-manifest.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const image = (letter: string, architecture: string) => ({
  digest: digest(letter),
  size: 1,
  platform: { os: 'linux', architecture },
})
const payload = (letter: string, of: string) => ({
  digest: digest(letter),
  size: 1,
  platform: { os: 'unknown', architecture: 'unknown' },
  annotations: {
    [ociAnnotations.referenceType]: payloadReference,
    [ociAnnotations.referenceDigest]: digest(of),
  },
})
const both = [image('a', 'amd64'), payload('b', 'a'), image('c', 'arm64'), payload('d', 'c')]

describe('the payload of an index', () => {
  const cases: readonly (readonly [string, readonly object[], string | undefined, string])[] = [
    ['the only one', both.slice(0, 2), undefined, digest('b')],
    ['by its architecture', both, 'arm64', digest('d')],
    ['of several', both, undefined, 'E-USAGE'],
    ['of an architecture that is not there', both, 'riscv64', 'E-USAGE'],
    ['of a container image', [image('a', 'amd64')], undefined, 'E-PAYLOAD-MISSING'],
  ]
  for (const [name, manifests, arch, expected] of cases) {
    test(name, async () => {
      const find = () => findPayload(JSON.stringify({ manifests }), 'x', arch)
      if (expected.startsWith('E-')) await expectCode(expected as ErrorCode, find)
      else assert.deepEqual(find(), { kind: 'elsewhere', digest: expected })
    })
  }
})

const layer = (title: string) => ({
  digest: digest('1'),
  size: 5,
  annotations: { [ociAnnotations.title]: title },
})
const manifest = (...layers: object[]) =>
  JSON.stringify({ artifactType: ociTypes.payload, config: {}, layers })

test('a payload names its files', () => {
  assert.deepEqual(findPayload(manifest(layer('root.img')), 'x', undefined), {
    kind: 'payload',
    files: [{ file: 'root.img', digest: digest('1'), size: 5 }],
  })
})

for (const title of ['../root.img', '/etc/passwd', '.hidden', '']) {
  test(`a file may not be called ${JSON.stringify(title)}`, async () => {
    await expectCode('E-PAYLOAD-DAMAGED', () => findPayload(manifest(layer(title)), 'x', undefined))
  })
}

for (const text of ['<html>', '{}', '{"config":{},"layers":[]}', '[]']) {
  test(`${text} is no payload`, async () => {
    await expectCode('E-PAYLOAD-MISSING', () => findPayload(text, 'x', undefined))
  })
}
