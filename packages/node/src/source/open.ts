import { type ImageReference, imageReferenceText } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { openContainer } from './container.ts'
import { identify } from './identity.ts'
import { layoutReader, plainReader } from './layout-source.ts'
import { makeSource, type Reader } from './make-source.ts'
import { ociReader } from './oci-source.ts'
import { parseSource, type SourceReference } from './reference.ts'
import { openRepository, type Repository } from './registry.ts'
import { endpointsOf, type RegistrySettings } from './settings.ts'
import type { PayloadSource } from './source.ts'
import { webHost, webReader } from './web-source.ts'
import type { Patience, Wire } from './wire.ts'

export interface SourceOptions {
  /** Architecture whose payload is wanted, where there are several: `amd64`. */
  readonly arch: string
  readonly settings: RegistrySettings
  /** Files that may have credentials, the first one first. */
  readonly authFiles: readonly string[]
  /** Folder in memory for small files. */
  readonly work: string
  readonly patience: Patience
}

/**
 * Opens what a person named. Nothing is fetched yet.
 * @throws SourceError bad-reference, bad-settings, not-found or unreadable for files, insecure
 */
export function openSource(host: Host, text: string, options: SourceOptions): PayloadSource {
  const reference = parseSource(text)
  const shown = sourceText(reference)
  return makeSource(host, shown, readerOf(host, reference, { ...options, shown }))
}

/** A repository, for its tags. @throws SourceError bad-settings */
export function openImages(host: Host, image: ImageReference, options: SourceOptions): Repository {
  const { registry, repository } = image
  return openRepository({
    wire: wireOf(host, options),
    endpoints: endpointsOf(registry, options.settings),
    repository,
    identify: (name, path) => identify(host, options.authFiles, name, path),
  })
}

function readerOf(
  host: Host,
  reference: SourceReference,
  options: SourceOptions & { readonly shown: string },
): Reader {
  const { arch, shown: name } = options
  const wire = wireOf(host, options)
  switch (reference.kind) {
    case 'oci':
      return ociReader(wire, openImages(host, reference.image, options), reference.image, { arch, name })
    case 'ocifile': {
      const container = openContainer(host, reference.path, ['folder', 'tar'])
      return layoutReader({ wire, container, tag: reference.tag, arch, name })
    }
    case 'dir':
      return plainReader(wire, openContainer(host, reference.path, ['folder']))
    case 'file':
      return plainReader(wire, openContainer(host, reference.path, ['tar']))
    case 'web': {
      const { address } = reference
      const identity = identify(host, options.authFiles, webHost(address), '')
      return webReader({ wire, address, settings: options.settings, identity })
    }
  }
}

function wireOf(host: Host, { work, patience }: SourceOptions): Wire {
  return { host, work, patience }
}

/** As it is shown and kept: with its scheme, and with what was left out. */
export function sourceText(reference: SourceReference): string {
  switch (reference.kind) {
    case 'oci':
      return `oci:${imageReferenceText(reference.image)}`
    case 'ocifile':
      return `ocifile:${reference.path}${reference.tag === undefined ? '' : `:${reference.tag}`}`
    case 'web':
      return reference.address
    default:
      return `${reference.kind}:${reference.path}`
  }
}
