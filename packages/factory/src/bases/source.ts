import { dirname, resolve } from 'node:path'
import { KilnError, suggest } from '@kiln/contract'

/** Where a base comes from, as `base:` in kiln.yaml says it. Paths are absolute. */
export type BaseSource = DebianSource | ImportedSource

/** Debian from its archive: the one base that is not imported but made. */
export interface DebianSource {
  readonly kind: 'debian'
  readonly suite: string
}

/** A root file system that somebody else made. */
export type ImportedSource =
  /** Image in a registry: `[host[:port]/]name[:tag][@sha256:<hex>]`. */
  | { readonly kind: 'oci'; readonly reference: string }
  /** Folder as the OCI image layout describes it; the tag may be missing where there is one image only. */
  | { readonly kind: 'oci-layout'; readonly folder: string; readonly tag: string | undefined }
  /** What `docker save` writes. */
  | { readonly kind: 'docker-archive'; readonly file: string }
  | { readonly kind: 'dir'; readonly folder: string }
  /** Plain, or packed by gzip, xz or zstd. */
  | { readonly kind: 'tar'; readonly file: string }
  /** The folder of the file is the context. */
  | { readonly kind: 'containerfile'; readonly file: string; readonly folder: string }

type Reader = (rest: string, at: (path: string) => string) => BaseSource | undefined

const component = '[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*'
const host = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?'
const tagPattern = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}'
/** Grammar of the distribution specification, with sha256 as the only digest. */
const reference = new RegExp(
  `^(?:${host}/)?${component}(?:/${component})*(?::${tagPattern})?(?:@sha256:[0-9a-f]{64})?$`,
)
const layoutWithTag = new RegExp(`^(.+):(${tagPattern})$`)

const readers: Readonly<Record<BaseSource['kind'], Reader>> = {
  debian: (suite) => (/^[a-z0-9][a-z0-9.-]*$/.test(suite) ? { kind: 'debian', suite } : undefined),
  oci: (text) => (reference.test(text) ? { kind: 'oci', reference: text } : undefined),
  'oci-layout': (text, at) => {
    const [, folder, tag] = text.match(layoutWithTag) ?? []
    return { kind: 'oci-layout', folder: at(folder ?? text), tag }
  },
  'docker-archive': (path, at) => ({ kind: 'docker-archive', file: at(path) }),
  dir: (path, at) => ({ kind: 'dir', folder: at(path) }),
  tar: (path, at) => ({ kind: 'tar', file: at(path) }),
  containerfile: (path, at) => ({ kind: 'containerfile', file: at(path), folder: dirname(at(path)) }),
}

/** How each kind is written. */
export const baseForms: Readonly<Record<BaseSource['kind'], string>> = {
  debian: 'debian:<suite>',
  oci: 'oci:<reference>',
  'oci-layout': 'oci-layout:<folder>[:<tag>]',
  'docker-archive': 'docker-archive:<file>',
  dir: 'dir:<folder>',
  tar: 'tar:<file>',
  containerfile: 'containerfile:<file>',
}

const kinds = Object.keys(readers) as BaseSource['kind'][]

/**
 * Reads the text of `base:`. Paths that are not absolute start at `folder`, the definition's.
 * @throws KilnError E-BASE-UNKNOWN
 */
export function parseBase(text: string, folder: string): BaseSource {
  refuseCredentials(text)
  const [, word = '', rest = ''] = text.match(/^([^:]*):?(.*)$/s) ?? []
  const kind = kinds.find((known) => known === word)
  if (!kind) throw unknownKind(text, word)
  const form = `write it as ${baseForms[kind]}`
  if (rest === '' || rest.includes('\0')) {
    throw new KilnError('E-BASE-UNKNOWN', `the base "${text}" does not say which`, { hint: form })
  }
  const source = readers[kind](rest, (path) => resolve(folder, path))
  if (source) return source
  const hint = kind === 'oci' && rest.includes('://') ? `${form}, without a scheme` : form
  throw new KilnError('E-BASE-UNKNOWN', `the base "${text}" cannot be read`, { hint })
}

/** A name and password would land in keys, plans and logs. The message must not repeat them either. */
function refuseCredentials(text: string): void {
  if (!/^oci:.*@/.test(text) || /^[^@]*@sha256:[^@]*$/.test(text)) return
  throw new KilnError('E-BASE-UNKNOWN', 'the reference of a base has an @ that no digest follows', {
    hint: 'credentials belong into a file: docker login, podman login, or REGISTRY_AUTH_FILE; digests are @sha256:<hex>',
  })
}

function unknownKind(text: string, word: string): KilnError {
  const meant = suggest(word, kinds)
  return new KilnError('E-BASE-UNKNOWN', `the base "${text}" cannot be read`, {
    hint: meant
      ? `did you mean "${baseForms[meant as BaseSource['kind']]}"?`
      : `known: ${Object.values(baseForms).join(', ')}`,
  })
}
