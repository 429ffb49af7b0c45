import { readFile } from 'node:fs/promises'
import { KilnError, ociAnnotations, ociTypes, Payload, payloadCard } from '@kiln/contract'
import type { LayoutManifest } from '../../layout/read.ts'
import type { Catalog, CatalogBlob, Repository } from '../catalog.ts'

/** A system that can be started over the network: the very files of its payload. */
export interface NetbootPayload {
  /** `<name>:<tag>` */
  readonly name: string
  /** Digest of the payload's manifest, without `sha256:`. */
  readonly id: string
  readonly card: Payload
  readonly files: ReadonlyMap<string, CatalogBlob>
}

/** The payloads of a catalog, each once, under the shortest of its names. */
export async function findPayloads({ repositories }: Catalog): Promise<NetbootPayload[]> {
  const found = new Map<string, NetbootPayload>()
  for (const [name, repository] of [...repositories].sort(([a], [b]) => a.length - b.length)) {
    for (const [tag, digest] of repository.tags) {
      for (const payload of await payloadsOf(repository, digest, `${name}:${tag}`)) {
        if (!found.has(payload.id)) found.set(payload.id, payload)
      }
    }
  }
  return [...found.values()]
}

async function payloadsOf(repository: Repository, digest: string, name: string): Promise<NetbootPayload[]> {
  const documents = [digest, ...(await manifestsIn(repository, digest))]
  const payloads: NetbootPayload[] = []
  for (const each of documents) {
    const blob = repository.manifests.get(each)
    if (!blob) continue
    const manifest = JSON.parse(await readFile(blob.file, 'utf8')) as LayoutManifest
    if (manifest.artifactType !== ociTypes.payload) continue
    const files = new Map<string, CatalogBlob>()
    for (const layer of manifest.layers) {
      const file = repository.blobs.get(layer.digest)
      if (file) files.set(layer.annotations?.[ociAnnotations.title] ?? '', file)
    }
    payloads.push({ name, id: each.replace('sha256:', ''), card: await readCard(files, name), files })
  }
  return payloads
}

async function manifestsIn({ manifests }: Repository, digest: string): Promise<string[]> {
  const index = manifests.get(digest)
  if (!index) return []
  const { manifests: inner = [] } = JSON.parse(await readFile(index.file, 'utf8')) as {
    readonly manifests?: readonly { readonly digest: string }[]
  }
  return inner.map((each) => each.digest)
}

async function readCard(files: ReadonlyMap<string, CatalogBlob>, name: string): Promise<Payload> {
  const file = files.get(payloadCard)
  const card = file && Payload.safeParse(JSON.parse(await readFile(file.file, 'utf8')))
  if (card?.success) return card.data
  throw new KilnError('E-PAYLOAD-DAMAGED', `the payload of ${name} has no ${payloadCard} that can be read`)
}

/** @throws KilnError E-CONFIG-BAD-VALUE where the name fits none or several */
export function choosePayload(
  payloads: readonly NetbootPayload[],
  wanted: string | undefined,
): NetbootPayload {
  const fitting = payloads.filter(({ name }) => name.includes(wanted ?? ''))
  const exact = fitting.find(({ name }) => name === wanted) ?? fitting[0]
  if (exact && (fitting.length === 1 || exact.name === wanted)) return exact
  const names = payloads.map(({ name }) => name).join(', ') || 'none'
  const message =
    wanted === undefined ? 'no image is named' : `"${wanted}" is the name of ${fitting.length} images`
  throw new KilnError('E-CONFIG-BAD-VALUE', `${message}; there are: ${names}`, {
    hint: 'write image: for each machine of the inventory',
  })
}
