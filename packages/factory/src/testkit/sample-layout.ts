import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Architecture, ociAnnotations, ociTypes } from '@kiln/contract'
import { imageIndex, imageManifest, payloadManifest } from '../carriers/oci/documents.ts'

/** A small OCI image layout: an image of two layers with its payload, as kiln makes them. */
export function plantLayout(
  folder: string,
  {
    name = 'sample',
    ref = '13-core-amd64-generic-v1.0.0',
    arch = 'amd64',
    salt = '',
  }: { name?: string; ref?: string; arch?: Architecture; salt?: string } = {},
) {
  const blobs = join(folder, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const put = (content: string | object, mediaType: string) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    const hex = createHash('sha256').update(text).digest('hex')
    writeFileSync(join(blobs, hex), text)
    return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(text) }
  }
  const layers = ['lower', 'upper'].map((text) => ({
    ...put(`${text}${salt}`, ociTypes.zstdLayer),
    diffId: '',
    madeBy: '',
  }))
  const config = put({ architecture: arch, os: 'linux', salt }, ociTypes.config)
  const image = put(imageManifest(config, layers), ociTypes.manifest)
  const file = { file: 'payload.json', ...put(`{"payload":"${salt}"}`, ociTypes.payloadFile) }
  const payload = put(payloadManifest(put('{}', ociTypes.empty), [file], image), ociTypes.manifest)
  const card = {
    ...{ name, flavor: 'debian', flavorRelease: '13', variant: 'core' },
    ...{ arch, device: 'generic', version: 'v1.0.0' },
  }
  const index = put(imageIndex({ ...image, compression: 'zstd' }, payload, card, 0), ociTypes.index)
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  const manifests = [{ ...index, annotations: { [ociAnnotations.refName]: ref } }]
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
  return { index, image, payload, config, layers, file }
}
