import { createHash } from 'node:crypto'
import { ociAnnotations, ociTypes, type Payload, payloadCard, payloadReference } from '@kiln/contract'

/** A manifest or blob that no registry has. */
export interface Forged {
  readonly type: string
  readonly body: Buffer
}

interface Descriptor {
  mediaType: string
  digest: string
  size: number
  platform?: { architecture: string }
  annotations?: Record<string, string>
}

/** What a registry has of a payload, from the index of a tag down to its card. */
interface Found {
  readonly index: { readonly manifests: Descriptor[] }
  /** The entry of the index that leads to the manifest. */
  readonly entry: Descriptor
  readonly manifest: { readonly layers: Descriptor[] }
  /** The layer of the manifest that leads to the card. */
  readonly layer: Descriptor
  readonly card: Payload
}

/** @param repository `http://<host>/v2/<name>` */
export async function findPayload(repository: string, tag: string): Promise<Found> {
  const get = async (path: string) => {
    const accept = [ociTypes.index, ociTypes.manifest].join(', ')
    const answer = await fetch(`${repository}/${path}`, { headers: { accept } })
    return (await answer.json()) as unknown
  }
  const hasNote = (key: string, value: string) => (descriptor: Descriptor) =>
    descriptor.annotations?.[key] === value
  const index = (await get(`manifests/${tag}`)) as Found['index']
  const entry = only(index.manifests.filter(hasNote(ociAnnotations.referenceType, payloadReference)))
  const manifest = (await get(`manifests/${entry.digest}`)) as Found['manifest']
  const layer = only(manifest.layers.filter(hasNote(ociAnnotations.title, payloadCard)))
  return { index, entry, manifest, layer, card: (await get(`blobs/${layer.digest}`)) as Payload }
}

function only<T>(items: readonly T[]): T {
  const [item, ...others] = items
  if (item === undefined || others.length > 0) throw new Error(`${items.length} in place of one`)
  return item
}

/**
 * A payload for another machine, with digests that fit: a copy of the real one that a tag names. `other-arch` says so in the
 * index, `other-device` only in its payload.json.
 * @returns manifests and blobs by what they are asked for
 */
export async function forge(
  way: 'other-arch' | 'other-device',
  repository: string,
  tag: string,
): Promise<ReadonlyMap<string, Forged>> {
  const files = new Map<string, Forged>()
  const put = (descriptor: Descriptor, content: object) => {
    const body = Buffer.from(JSON.stringify(content))
    descriptor.digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
    descriptor.size = body.length
    files.set(descriptor.digest, { type: descriptor.mediaType, body })
  }
  const { index, entry, manifest, layer, card } = await findPayload(repository, tag)
  if (way === 'other-device') {
    put(layer, { ...card, image: { ...card.image, device: 'rpi4' } })
    put(entry, manifest)
  } else {
    for (const { platform } of index.manifests) if (platform) platform.architecture = 'arm64'
  }
  return files.set(tag, { type: ociTypes.index, body: Buffer.from(JSON.stringify(index)) })
}
