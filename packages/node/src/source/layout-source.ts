import { ociAnnotations, payloadCard } from '@kiln/contract'
import { fileDigest } from '../host/sha256sum.ts'
import { bringFrom, type Container } from './container.ts'
import { SourceError } from './error.ts'
import type { Reader } from './make-source.ts'
import { type Blob, choosePayload, type ImageIndex, parseManifest, payloadBlobs } from './manifest.ts'
import { blobNamed, requireSame } from './oci-source.ts'
import { type Wire, withFolder } from './wire.ts'

interface LayoutOptions {
  readonly wire: Wire
  readonly container: Container
  readonly tag: string | undefined
  readonly arch: string
  readonly name: string
}

/** A payload in an OCI image layout (image-layout.md): `index.json` and `blobs/sha256/<hex>`. */
export function layoutReader(options: LayoutOptions): Reader {
  const { wire, container, name } = options
  let found: ReadonlyMap<string, Blob> | undefined
  const blobs = () => {
    found ??= payloadFiles(options)
    return found
  }
  return {
    card: () => readMember(wire, container, blobPath(blobNamed(blobs(), payloadCard, name).digest)),
    bring(wanted, file, progress) {
      const blob = blobNamed(blobs(), wanted.file, name)
      requireSame(wanted, blob, name)
      bringFrom(wire.host, container, blobPath(blob.digest), wanted, file, progress)
    },
  }
}

/** Archives and folders of a payload as it is: payload.json beside the files that it names. */
export function plainReader(wire: Wire, container: Container): Reader {
  return {
    card: () => readMember(wire, container, payloadCard),
    bring: (wanted, file, progress) => bringFrom(wire.host, container, wanted.file, wanted, file, progress),
  }
}

interface Member {
  readonly text: string
  readonly digest: string
}

/** A small member, as text. */
function readMember(wire: Wire, container: Container, member: string): Member {
  return withFolder(wire, (folder) => {
    const file = `${folder}/member`
    container.copy(member, file, () => {})
    return { text: wire.host.readText(file), digest: fileDigest(wire.host, file) }
  })
}

function payloadFiles(options: LayoutOptions): ReadonlyMap<string, Blob> {
  const { wire, container, arch, name } = options
  const index = parseManifest(readMember(wire, container, 'index.json').text, name)
  if (!('manifests' in index)) throw new SourceError('wrong-media', `${name}: its index.json is no index`)
  const top = readBlob(options, topOf(index, options))
  if (!('manifests' in top)) return payloadBlobs(top, name)
  const manifest = readBlob(options, choosePayload(top, arch, name).digest)
  if ('manifests' in manifest) throw new SourceError('wrong-media', `${name}: its payload is an index`)
  return payloadBlobs(manifest, name)
}

/** Digest of what is meant: by its tag, or the only one. */
function topOf({ manifests }: ImageIndex, { tag, name }: LayoutOptions): string {
  const named = manifests.filter(
    ({ annotations }) => tag === undefined || annotations?.[ociAnnotations.refName] === tag,
  )
  const [only, ...others] = named
  if (!only) throw new SourceError('not-found', `${name}: there is no image of that name`)
  if (others.length === 0) return only.digest
  const tags = manifests.map(({ annotations }) => annotations?.[ociAnnotations.refName]).filter(Boolean)
  throw new SourceError('bad-reference', `${name} holds several images; name one of them: ${tags.join(', ')}`)
}

function readBlob({ wire, container, name }: LayoutOptions, digest: string) {
  const { text, digest: found } = readMember(wire, container, blobPath(digest))
  if (found !== digest) throw new SourceError('digest-mismatch', `${name}: a manifest in it is damaged`)
  return parseManifest(text, name)
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}
