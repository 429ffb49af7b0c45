import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ociAnnotations, ociTypes, type Payload, payloadReference } from '@kiln/contract'

export interface PayloadChanges {
  readonly version?: string
  readonly arch?: string
  readonly device?: string
  readonly flavor?: string
  /** Bytes of root.img. */
  readonly rootBytes?: number
  /** What makes its files differ from those of another one. */
  readonly seed?: string
  /** Text that root.img begins with. */
  readonly root?: string
  /** Version of the boot loader. */
  readonly loader?: string
  readonly packages?: readonly {
    readonly name: string
    readonly version: string
    readonly architecture: string
  }[]
}

export interface MadePayload {
  readonly folder: string
  readonly payload: Payload
  /** Of payload.json. */
  readonly digest: string
  /** Names of all files, payload.json last. */
  readonly files: readonly string[]
}

export function sha256(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

/** Bytes that do not compress and do not repeat; the same for the same seed. */
export function noise(seed: string, length: number): Buffer {
  const blocks: Buffer[] = []
  for (let made = 0, number = 0; made < length; made += 32, number++) {
    blocks.push(createHash('sha256').update(`${seed} ${number}`).digest())
  }
  return Buffer.concat(blocks).subarray(0, length)
}

/** A payload of small files, in a new folder. */
export function makePayload(folder: string, changes: PayloadChanges = {}): MadePayload {
  const {
    version = 'v1.0.0',
    arch = 'amd64',
    device = 'generic',
    flavor = 'debian',
    seed = version,
  } = changes
  mkdirSync(folder, { recursive: true })
  const file = (name: string, content: Buffer | string) => {
    writeFileSync(join(folder, name), content)
    return { file: name, digest: sha256(content), size: Buffer.byteLength(content) }
  }
  const { packages = [{ name: 'libc6', version: '2.41', architecture: 'amd64' }] } = changes
  const list = { schema: 'kiln.packages/v1', packages }
  const root = noise(`root ${seed}`, changes.rootBytes ?? 300_000)
  root.write(changes.root ?? '')
  const payload: Payload = {
    schema: 'kiln.payload/v1',
    image: { name: 'sample', flavor, flavorRelease: '13', variant: 'core', arch, device, version },
    root: { ...file('root.img', root), hashOffset: 4096, rootHash: sha256(`root ${seed}`).slice(7) },
    uki: file('boot.efi', noise(`uki ${seed}`, 5000)),
    kernel: { ...file('kernel', noise(`kernel ${seed}`, 3000)), version: '6.12.1-amd64' },
    initramfs: file('initramfs', noise(`initramfs ${seed}`, 2000)),
    packages: { ...file('packages.json', `${JSON.stringify(list)}\n`), count: packages.length },
    bootLoader: {
      version: changes.loader ?? '257',
      files: [file('systemd-boot.efi', noise(`loader ${seed}`, 1000))],
    },
    cmdline: 'quiet',
    agent: { version: 'v0.1.0', digest: sha256(`agent ${seed}`) },
  }
  const card = file('payload.json', `${JSON.stringify(payload, undefined, 2)}\n`)
  const files = [payload.root, payload.uki, payload.kernel, payload.initramfs, payload.packages]
  const names = [...files, ...payload.bootLoader.files, card].map((entry) => entry.file)
  return { folder, payload, digest: card.digest, files: names }
}

export interface StoredImage {
  /** Of the index. */
  readonly digest: string
  /** Digest → file with the blob or manifest. */
  readonly blobs: ReadonlyMap<string, string>
  readonly manifest: { readonly digest: string; readonly text: string }
  readonly index: { readonly digest: string; readonly text: string }
}

/** The payload as a registry has it, below `target`: an OCI image layout with an index under a tag. */
export function storePayload(
  { folder, files, payload }: MadePayload,
  target: string,
  tag: string,
): StoredImage {
  const blobs = new Map<string, string>()
  const put = (content: Uint8Array | string) => {
    const digest = sha256(content)
    const path = join(target, 'blobs', digest.replace(':', '/'))
    mkdirSync(join(target, 'blobs/sha256'), { recursive: true })
    writeFileSync(path, content)
    blobs.set(digest, path)
    return { digest, size: Buffer.byteLength(content), text: String(content) }
  }
  const describe = (content: Uint8Array | string, mediaType: string) => {
    const { digest, size } = put(content)
    return { mediaType, digest, size }
  }
  const image = describe(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociTypes.manifest,
      config: describe('{"os":"linux"}', ociTypes.config),
      layers: [],
    }),
    ociTypes.manifest,
  )
  const layers = files.map((file) => ({
    ...describe(readFileSync(join(folder, file)), ociTypes.payloadFile),
    annotations: { [ociAnnotations.title]: file },
  }))
  const manifest = put(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociTypes.manifest,
      artifactType: ociTypes.payload,
      config: describe('{}', ociTypes.empty),
      layers,
      subject: image,
    }),
  )
  const { digest, size } = manifest
  const index = put(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociTypes.index,
      manifests: [
        { ...image, platform: { os: 'linux', architecture: payload.image.arch } },
        {
          mediaType: ociTypes.manifest,
          digest,
          size,
          platform: { os: 'unknown', architecture: 'unknown' },
          annotations: {
            [ociAnnotations.referenceType]: payloadReference,
            [ociAnnotations.referenceDigest]: image.digest,
          },
        },
      ],
    }),
  )
  const top = { mediaType: ociTypes.index, digest: index.digest, size: index.size }
  const named = { ...top, annotations: { [ociAnnotations.refName]: tag } }
  writeFileSync(join(target, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }))
  writeFileSync(join(target, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  return { digest: index.digest, blobs, manifest, index }
}

/** Copies the files of a payload. */
export function copyPayload({ folder, files }: MadePayload, target: string): void {
  mkdirSync(target, { recursive: true })
  for (const file of files) copyFileSync(join(folder, file), join(target, file))
}
