import {
  type Architecture,
  architectureFacts,
  ociAnnotations,
  ociTypes,
  type Payload,
  payloadReference,
} from '@kiln/contract'
import type { Compression } from '@kiln/contract/definition'
import type { LayoutIndex } from '../../layout/read.ts'

/** Documents of an image and of the payload bound to it: OCI image specification 1.1. Pure; digests are known before. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  /** Bytes. */
  readonly size: number
}

export interface Layer extends Descriptor {
  /** Digest of what is packed in it. */
  readonly diffId: string
  /** What made it, for people. */
  readonly madeBy: string
}

export interface ImageFacts {
  readonly arch: Architecture
  /** Seconds since 1970. */
  readonly epoch: number
  /** Lines of /etc/kairos-release. */
  readonly release: Readonly<Record<string, string>>
}

type Document = Readonly<Record<string, unknown>>

/** What `docker run` and `FROM` go by. */
export function imageConfig({ arch, epoch, release }: ImageFacts, layers: readonly Layer[]): Document {
  const created = timeText(epoch)
  return {
    created,
    ...platform(arch),
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Cmd: ['/bin/sh'],
      Labels: labels(release, created),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ madeBy }) => ({ created, created_by: madeBy })),
  }
}

export function imageManifest(config: Descriptor, layers: readonly Layer[]): Document {
  return {
    schemaVersion: 2,
    mediaType: ociTypes.manifest,
    config,
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  }
}

/** A payload's files, each as it is, bound to the image of the same system. */
export function payloadManifest(
  empty: Descriptor,
  files: readonly (Descriptor & { readonly file: string })[],
  image: Descriptor,
): Document {
  return {
    schemaVersion: 2,
    mediaType: ociTypes.manifest,
    artifactType: ociTypes.payload,
    config: empty,
    layers: files.map(({ file, mediaType, digest, size }) => ({
      mediaType,
      digest,
      size,
      annotations: { [ociAnnotations.title]: file },
    })),
    subject: image,
  }
}

/**
 * What a tag names: the image, and its payload as an entry for no platform, as Docker's own attestations are. So tools that
 * look for an image never take the payload for one.
 */
export function imageIndex(
  image: Descriptor & { readonly compression: Compression },
  payload: Descriptor,
  card: Payload['image'] & { readonly arch: Architecture },
  epoch: number,
): Document {
  const { compression, ...descriptor } = image
  return {
    schemaVersion: 2,
    mediaType: ociTypes.index,
    manifests: [
      {
        ...descriptor,
        platform: platform(card.arch),
        ...(compression === 'zstd' ? { annotations: { [ociAnnotations.zstd]: 'true' } } : {}),
      },
      {
        ...payload,
        platform: { architecture: 'unknown', os: 'unknown' },
        annotations: {
          [ociAnnotations.referenceType]: payloadReference,
          [ociAnnotations.referenceDigest]: descriptor.digest,
        },
      },
    ],
    annotations: {
      [ociAnnotations.title]: card.name,
      [ociAnnotations.version]: card.version,
      [ociAnnotations.created]: timeText(epoch),
    },
  }
}

/** One index for several architectures of a system: the entries of each, one after another. */
export function mergeIndexes(indexes: readonly [LayoutIndex, ...LayoutIndex[]]): Document {
  return {
    schemaVersion: 2,
    mediaType: ociTypes.index,
    manifests: indexes.flatMap(({ manifests }) => manifests),
    annotations: indexes[0].annotations,
  }
}

/** index.json of an image layout: which image there is, under its tag. */
export function layoutIndex(index: Descriptor, tag: string): Document {
  const named = { ...index, annotations: { [ociAnnotations.refName]: tag } }
  return { schemaVersion: 2, mediaType: ociTypes.index, manifests: [named] }
}

/** Go's names. */
function platform(arch: Architecture) {
  const { variant } = architectureFacts[arch]
  return { architecture: arch, os: 'linux', ...(variant ? { variant } : {}) }
}

/** `KAIROS_FLAVOR_RELEASE` → `kairos.io/flavor-release`, as the field labels its nodes. */
function labels(release: Readonly<Record<string, string>>, created: string): Record<string, string> {
  const field = Object.entries(release)
    .filter(([key]) => key.startsWith('KAIROS_'))
    .map(([key, value]) => [
      `kairos.io/${key.slice('KAIROS_'.length).toLowerCase().replaceAll('_', '-')}`,
      value,
    ])
  return Object.fromEntries([
    ...field,
    [ociAnnotations.created, created],
    [ociAnnotations.title, release.KAIROS_IMAGE_NAME ?? ''],
    [ociAnnotations.version, release.KAIROS_VERSION ?? ''],
  ])
}

function timeText(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace('.000Z', 'Z')
}
