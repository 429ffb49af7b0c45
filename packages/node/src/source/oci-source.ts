import { type ImageReference, payloadCard } from '@kiln/contract'
import { fileDigest } from '../host/sha256sum.ts'
import type { PayloadFile } from './card.ts'
import { SourceError } from './error.ts'
import type { Reader } from './make-source.ts'
import { type Blob, choosePayload, parseManifest, payloadBlobs } from './manifest.ts'
import type { Repository } from './registry.ts'
import { type Wire, withFolder } from './wire.ts'

/** A payload in a registry. Everything is named by its digest, from the tag's index down to each file. */
export function ociReader(
  wire: Wire,
  repository: Repository,
  { tag, digest }: ImageReference,
  { arch, name }: { readonly arch: string; readonly name: string },
): Reader {
  let blobs: ReadonlyMap<string, Blob> | undefined
  const payload = () => {
    blobs ??= payloadFiles(repository, digest ?? tag ?? 'latest', { arch, name })
    return blobs
  }
  return {
    card: () =>
      withFolder(wire, (folder) => {
        const file = `${folder}/${payloadCard}`
        repository.blob(blobNamed(payload(), payloadCard, name), file, payloadCard, () => {})
        return { text: wire.host.readText(file), digest: fileDigest(wire.host, file) }
      }),
    bring(wanted, file, progress) {
      const blob = blobNamed(payload(), wanted.file, name)
      requireSame(wanted, blob, name)
      repository.blob(blob, file, wanted.file, progress)
    },
  }
}

function payloadFiles(
  repository: Repository,
  reference: string,
  { arch, name }: { readonly arch: string; readonly name: string },
): ReadonlyMap<string, Blob> {
  const top = parseManifest(repository.manifest(reference).text, name)
  if (!('manifests' in top)) return payloadBlobs(top, name)
  const { digest } = choosePayload(top, arch, name)
  const manifest = parseManifest(repository.manifest(digest).text, name)
  if ('manifests' in manifest) throw new SourceError('wrong-media', `${name}: its payload is an index`)
  return payloadBlobs(manifest, name)
}

export function blobNamed(blobs: ReadonlyMap<string, Blob>, file: string, name: string): Blob {
  const blob = blobs.get(file)
  if (blob) return blob
  throw new SourceError('wrong-media', `${name}: the payload has no ${file}`)
}

/** The manifest and the card say the same, or one of them lies. Better known before 200 MB are fetched. */
export function requireSame(wanted: PayloadFile, blob: Blob, name: string): void {
  if (wanted.digest === blob.digest && wanted.size === blob.size) return
  throw new SourceError(
    'digest-mismatch',
    `${name}: its manifest has another ${wanted.file} than its ${payloadCard} names`,
  )
}
