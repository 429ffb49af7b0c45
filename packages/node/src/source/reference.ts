import { type ImageReference, imageTagPattern, parseImageReference, suggest } from '@kiln/contract'
import { SourceError } from './error.ts'

/** Where a payload is, as a person writes it. Paths are absolute. */
export type SourceReference =
  | { readonly kind: 'oci'; readonly image: ImageReference }
  /** OCI image layout: a folder, or a tar of one; the tag may be missing where it holds one payload only. */
  | { readonly kind: 'ocifile'; readonly path: string; readonly tag: string | undefined }
  | { readonly kind: 'dir'; readonly path: string }
  /** Tar with the files of a payload. */
  | { readonly kind: 'file'; readonly path: string }
  /** Folder on a web server; the address has no slash at its end. */
  | { readonly kind: 'web'; readonly address: string }

const layoutWithTag = new RegExp(`^(/.*[^/]):(${imageTagPattern})$`)

/** `docker` and `container` are how the field also writes `oci`. */
const schemes = ['oci', 'docker', 'container', 'ocifile', 'dir', 'file', 'https', 'http'] as const

/**
 * Reads a reference. Without a scheme it is an image in a registry, as in the field.
 * @throws SourceError bad-reference
 */
export function parseSource(text: string): SourceReference {
  refuseStrange(text)
  const [, word, rest = ''] = text.match(/^([a-z]+):(.*)$/s) ?? []
  // A host with a port also has a colon: host:5000/name.
  const isScheme = word !== undefined && (schemes.some((known) => known === word) || rest.startsWith('/'))
  if (!isScheme) return { kind: 'oci', image: parseImage(text) }
  const plain = rest.replace(/^\/\//, '')
  switch (word) {
    case 'oci':
    case 'docker':
    case 'container':
      return { kind: 'oci', image: parseImage(plain) }
    case 'ocifile':
      return layoutReference(text, plain)
    case 'dir':
    case 'file':
      return { kind: word, path: absolute(text, plain) }
    case 'https':
    case 'http':
      return { kind: 'web', address: webAddress(text) }
    default: {
      const meant = suggest(word, [...schemes])
      const hint = meant === undefined ? '' : `; did you mean ${meant}:?`
      throw new SourceError('bad-reference', `"${text}" begins with ${word}:, which is no source${hint}`)
    }
  }
}

/** Without tag and digest, `latest` is meant. @throws SourceError bad-reference */
export function parseImage(text: string): ImageReference {
  refuseCredentials(text)
  const image = parseImageReference(text)
  if (image) return { ...image, tag: image.tag ?? (image.digest === undefined ? 'latest' : undefined) }
  throw new SourceError('bad-reference', `"${text}" is no name of an image: <registry>/<name>:<tag>`)
}

function layoutReference(text: string, rest: string): SourceReference {
  const [, path, tag] = rest.match(layoutWithTag) ?? []
  return path === undefined
    ? { kind: 'ocifile', path: absolute(text, rest), tag: undefined }
    : { kind: 'ocifile', path, tag }
}

function absolute(text: string, path: string): string {
  if (path.startsWith('/')) return path.replace(/(.)\/+$/, '$1')
  throw new SourceError('bad-reference', `"${text}" has a path that does not begin with /`)
}

/** A file of the folder is asked for by putting its name behind, so a query cannot be there. */
function webAddress(text: string): string {
  refuseCredentials(text)
  if (/^https?:\/\/[^/?#\s]+(\/[^?#\s]*)?$/.test(text)) return text.replace(/\/+$/, '')
  throw new SourceError('bad-reference', `"${text}" is no address of a folder: https://<host>/<path>`)
}

/** Control characters would reach configuration files of programs. */
function refuseStrange(text: string): void {
  const strange = [...text].some((char) => char < ' ' || char === '\u007f')
  if (text.trim() === '' || strange || text !== text.trim()) {
    throw new SourceError(
      'bad-reference',
      'the reference is empty, or has blanks or control characters in it',
    )
  }
}

/** A name and password would land in records and logs. The message must not repeat them either. */
function refuseCredentials(text: string): void {
  if (!text.includes('@') || /^[^@]*@sha256:[^@]*$/.test(text)) return
  throw new SourceError(
    'bad-reference',
    'the reference has an @ that no digest follows; credentials belong into /etc/kiln/registry-auth.json',
  )
}
