import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ociAnnotations, ociTypes, payloadReference } from '@kiln/contract'
import { SourceError } from './error.ts'
import { choosePayload, parseManifest, payloadBlobs } from './manifest.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const image = (letter: string, architecture: string) => ({
  digest: digest(letter),
  size: 1,
  platform: { os: 'linux', architecture },
})
const payload = (letter: string, of?: string) => ({
  digest: digest(letter),
  size: 1,
  platform: { os: 'unknown', architecture: 'unknown' },
  annotations: {
    [ociAnnotations.referenceType]: payloadReference,
    ...(of === undefined ? {} : { [ociAnnotations.referenceDigest]: digest(of) }),
  },
})
const attestation = {
  ...payload('9', 'a'),
  annotations: { [ociAnnotations.referenceType]: 'attestation-manifest' },
}

function reasonOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof SourceError) return error.reason
    throw error
  }
  return 'none'
}

describe('the payload of an index', () => {
  for (const [name, manifests, expected] of [
    ['beside its image', [image('a', 'amd64'), payload('b', 'a')], digest('b')],
    ['beside an attestation', [image('a', 'amd64'), attestation, payload('b', 'a')], digest('b')],
    [
      'of the architecture that is wanted',
      [image('a', 'arm64'), payload('b', 'a'), image('c', 'amd64'), payload('d', 'c')],
      digest('d'),
    ],
    ['whose image is not there', [payload('b', 'a')], digest('b')],
    ['by its artifact type', [{ digest: digest('e'), size: 1, artifactType: ociTypes.payload }], digest('e')],
    ['none: a container image', [image('a', 'amd64')], 'wrong-media'],
    ['none: nothing', [], 'wrong-media'],
    ['of another architecture', [image('a', 'arm64'), payload('b', 'a')], 'wrong-architecture'],
    ['several of unknown ones', [payload('b'), payload('c')], 'wrong-architecture'],
  ] as const) {
    test(name, () => {
      const choose = () => choosePayload({ manifests: [...manifests] }, 'amd64', 'x')
      if (expected.startsWith('sha256:')) assert.equal(choose().digest, expected)
      else assert.equal(reasonOf(choose), expected)
    })
  }
})

const config = { digest: digest('0'), size: 2 }

test('files of a payload go by their titles', () => {
  const layers = [
    { ...image('1', 'x'), size: 5, annotations: { [ociAnnotations.title]: 'root.img' } },
    { ...image('2', 'x'), annotations: {} },
  ]
  const blobs = payloadBlobs({ artifactType: ociTypes.payload, config, layers }, 'x')
  assert.deepEqual([...blobs], [['root.img', { digest: digest('1'), size: 5 }]])
})

test('a container image is no payload', () => {
  assert.equal(
    reasonOf(() => payloadBlobs({ config, layers: [] }, 'x')),
    'wrong-media',
  )
})

describe('what is no manifest', () => {
  for (const text of [
    '',
    '<html>',
    '[]',
    '{}',
    '{"manifests":{}}',
    '{"config":{},"layers":[]}',
    '{"errors":[]}',
  ]) {
    test(JSON.stringify(text), () =>
      assert.equal(
        reasonOf(() => parseManifest(text, 'x')),
        'wrong-media',
      ),
    )
  }

  test('a digest that is none', () => {
    const text = '{"manifests":[{"digest":"sha256:../../etc","size":1}]}'
    assert.equal(
      reasonOf(() => parseManifest(text, 'x')),
      'wrong-media',
    )
  })
})
