import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ociTypes } from '@kiln/contract'
import { imageConfig, imageIndex, imageManifest, layoutIndex, payloadManifest } from './documents.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const descriptor = (letter: string, mediaType: string) => ({ mediaType, digest: digest(letter), size: 7 })
const layer = { ...descriptor('1', ociTypes.gzipLayer), diffId: digest('2'), madeBy: 'kiln packages' }
const config = descriptor('3', ociTypes.config)
const image = descriptor('4', ociTypes.manifest)
const release = {
  KAIROS_IMAGE_NAME: 'sample',
  KAIROS_VERSION: 'v1.0.0',
  KAIROS_FLAVOR_RELEASE: '13',
  OTHER: 'x',
}

test('a container image says what docker run needs, and what it is', () => {
  assert.deepEqual(imageConfig({ arch: 'amd64', epoch: 1_700_000_000, release }, [layer]), {
    created: '2023-11-14T22:13:20Z',
    architecture: 'amd64',
    os: 'linux',
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Cmd: ['/bin/sh'],
      Labels: {
        'kairos.io/image-name': 'sample',
        'kairos.io/version': 'v1.0.0',
        'kairos.io/flavor-release': '13',
        'org.opencontainers.image.created': '2023-11-14T22:13:20Z',
        'org.opencontainers.image.title': 'sample',
        'org.opencontainers.image.version': 'v1.0.0',
      },
    },
    rootfs: { type: 'layers', diff_ids: [digest('2')] },
    history: [{ created: '2023-11-14T22:13:20Z', created_by: 'kiln packages' }],
  })
})

test('arm64 has the variant that registries expect', () => {
  const { variant } = imageConfig({ arch: 'arm64', epoch: 0, release: {} }, [])
  assert.equal(variant, 'v8')
})

test('a manifest has of a layer only what belongs there', () => {
  assert.deepEqual(imageManifest(config, [layer]), {
    schemaVersion: 2,
    mediaType: ociTypes.manifest,
    config,
    layers: [descriptor('1', ociTypes.gzipLayer)],
  })
})

test('a payload names its files and is bound to its image', () => {
  const file = { file: 'root.img', ...descriptor('5', ociTypes.payloadFile) }
  assert.deepEqual(payloadManifest(descriptor('6', ociTypes.empty), [file], image), {
    schemaVersion: 2,
    mediaType: ociTypes.manifest,
    artifactType: 'application/vnd.kiln.payload.v1',
    config: descriptor('6', ociTypes.empty),
    layers: [
      {
        ...descriptor('5', 'application/vnd.kiln.payload.file.v1'),
        annotations: { 'org.opencontainers.image.title': 'root.img' },
      },
    ],
    subject: image,
  })
})

describe('an index', () => {
  const card = {
    name: 'sample',
    flavor: 'debian',
    flavorRelease: '13',
    variant: 'core',
    arch: 'amd64' as const,
    device: 'generic',
    version: 'v1.0.0',
  }
  const index = imageIndex({ ...image, compression: 'zstd' }, descriptor('7', ociTypes.manifest), card, 0)

  test('has the image for its platform, and the payload for none', () => {
    assert.deepEqual(index.manifests, [
      {
        ...image,
        platform: { architecture: 'amd64', os: 'linux' },
        annotations: { 'io.github.containers.compression.zstd': 'true' },
      },
      {
        ...descriptor('7', ociTypes.manifest),
        platform: { architecture: 'unknown', os: 'unknown' },
        annotations: {
          'vnd.docker.reference.type': 'kiln-payload',
          'vnd.docker.reference.digest': digest('4'),
        },
      },
    ])
  })

  test('is found in a layout by its tag', () => {
    const { manifests } = layoutIndex(descriptor('8', ociTypes.index), 'v1')
    const annotations = { 'org.opencontainers.image.ref.name': 'v1' }
    assert.deepEqual(manifests, [{ ...descriptor('8', ociTypes.index), annotations }])
  })
})
