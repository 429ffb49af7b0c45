import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Architecture, ociAnnotations, ociTypes, type Payload } from '@kiln/contract'
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
  const part = (name: string, content = `${name}${salt}`) => ({
    file: name,
    ...put(content, ociTypes.payloadFile),
  })
  const [kernel, initramfs, root] = [part('kernel'), part('initramfs'), part('root.img')]
  const file = part('payload.json', JSON.stringify(payloadCardOf({ name, arch, kernel, initramfs, root })))
  const files = [file, kernel, initramfs, root]
  const payload = put(payloadManifest(put('{}', ociTypes.empty), files, image), ociTypes.manifest)
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

interface NamedBlob {
  readonly file: string
  readonly digest: string
  readonly size: number
}

function payloadCardOf(facts: {
  readonly name: string
  readonly arch: string
  readonly kernel: NamedBlob
  readonly initramfs: NamedBlob
  readonly root: NamedBlob
}): Payload {
  const { name, arch, kernel, initramfs, root } = facts
  const plain = ({ file, digest, size }: NamedBlob) => ({ file, digest, size })
  return {
    schema: 'kiln.payload/v1',
    image: {
      ...{ name, flavor: 'debian', flavorRelease: '13', variant: 'core' },
      ...{ arch, device: 'generic', version: 'v1.0.0' },
    },
    root: { ...plain(root), hashOffset: 4096, rootHash: 'ab'.repeat(32) },
    uki: plain(kernel),
    kernel: { ...plain(kernel), version: '6.12' },
    initramfs: plain(initramfs),
    packages: { ...plain(kernel), count: 1 },
    bootLoader: { version: '1', files: [] },
    cmdline: 'console=ttyS0 kiln.hashoffset=4096',
    agent: { version: 'v1.0.0', digest: kernel.digest },
  }
}
