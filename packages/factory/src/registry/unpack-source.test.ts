import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { expectCode, plant, temporaryFolder } from '../testkit/testkit.ts'
import { unpackSource } from './unpack-source.ts'

const digest = `sha256:${'ab'.repeat(32)}`

describe('an image by its name', () => {
  for (const [text, reference] of [
    ['quay.io/kairos/debian:13', 'quay.io/kairos/debian:13'],
    ['docker:quay.io/kairos/debian:13', 'quay.io/kairos/debian:13'],
    ['docker://quay.io/kairos/debian:13', 'quay.io/kairos/debian:13'],
    ['oci:localhost:5000/os', 'localhost:5000/os'],
    ['localhost:5000/os:v1', 'localhost:5000/os:v1'],
    ['alpine', 'docker.io/library/alpine'],
    ['alpine:3', 'docker.io/library/alpine:3'],
    [`example.org/os:v1@${digest}`, `example.org/os:v1@${digest}`],
  ] as const) {
    test(text, () => assert.deepEqual(unpackSource(text), { kind: 'oci', reference }))
  }

  test('an image on this machine', (t) => {
    const folder = temporaryFolder(t)
    plant(folder, { 'layout/oci-layout': '{}', 'image.tar': '' })
    const at = (name: string) => join(folder, name)
    for (const [text, expected] of [
      ['oci-layout:layout', { kind: 'oci-layout', folder: at('layout'), tag: undefined }],
      ['oci-layout:layout:v1', { kind: 'oci-layout', folder: at('layout'), tag: 'v1' }],
      ['ocifile:layout', { kind: 'oci-layout', folder: at('layout'), tag: undefined }],
      ['ocifile:layout:v1', { kind: 'oci-layout', folder: at('layout'), tag: 'v1' }],
      ['ocifile:image.tar', { kind: 'docker-archive', file: at('image.tar') }],
      ['file:image.tar', { kind: 'docker-archive', file: at('image.tar') }],
      ['docker-archive:image.tar', { kind: 'docker-archive', file: at('image.tar') }],
      ['oci-archive:image.tar', { kind: 'oci-archive', file: at('image.tar') }],
    ] as const) {
      assert.deepEqual(unpackSource(text, folder), expected, text)
    }
  })

  for (const text of ['oci-layout:none', 'ocifile:none', 'docker-archive:none', 'oci-archive:none']) {
    test(`${text}: there is nothing`, async (t) => {
      await expectCode('E-IMAGE-MISSING', () => unpackSource(text, temporaryFolder(t)))
    })
  }

  for (const text of ['', 'OS', 'user:secret@example.org/os', 'a b']) {
    test(`"${text}" is refused`, async () => {
      const error = await expectCode('E-USAGE', () => unpackSource(text))
      assert.ok(!error.message.includes('secret'))
    })
  }
})
