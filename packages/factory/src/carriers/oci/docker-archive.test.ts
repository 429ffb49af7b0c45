import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ociTypes } from '@kiln/contract'
import { archiveDocuments } from './docker-archive.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const descriptor = (letter: string, mediaType: string) => ({ mediaType, digest: digest(letter), size: 7 })
const blob = (letter: string) => `blobs/sha256/${letter.repeat(64)}`

test('a file for Docker says the same in the way of Docker and in that of image layouts', () => {
  const image = descriptor('1', ociTypes.manifest)
  const manifest = {
    config: descriptor('2', ociTypes.config),
    layers: [descriptor('3', ociTypes.zstdLayer), descriptor('4', ociTypes.zstdLayer)],
  }
  const documents = archiveDocuments({ descriptor: image, manifest }, { name: 'sample', tag: 'v1' })
  assert.deepEqual(Object.keys(documents), ['oci-layout', 'index.json', 'manifest.json'])
  assert.deepEqual(documents['manifest.json'], [
    { Config: blob('2'), RepoTags: ['sample:v1'], Layers: [blob('3'), blob('4')] },
  ])
  assert.deepEqual(documents['index.json'], {
    schemaVersion: 2,
    mediaType: ociTypes.index,
    manifests: [
      {
        ...image,
        annotations: {
          'io.containerd.image.name': 'docker.io/library/sample:v1',
          'org.opencontainers.image.ref.name': 'v1',
        },
      },
    ],
  })
})
