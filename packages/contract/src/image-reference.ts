/** An image in a registry: `[host[:port]/]name[:tag][@sha256:<64 hex>]`, by the grammar of the OCI distribution specification. */
export interface ImageReference {
  /** `docker.io` where the text names none. */
  readonly registry: string
  readonly repository: string
  readonly tag: string | undefined
  /** Counts for more than the tag. */
  readonly digest: string | undefined
}

const component = '[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*'
const host = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?'
/** What can be a tag. */
export const imageTagPattern = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}'
const grammar = new RegExp(
  `^(?:(${host})/)?(${component}(?:/${component})*)(?::(${imageTagPattern}))?(?:@(sha256:[0-9a-f]{64}))?$`,
)

/** Undefined where it is none; sha256 is the only digest. */
export function parseImageReference(text: string): ImageReference | undefined {
  const [, first, path, tag, digest] = text.match(grammar) ?? []
  if (path === undefined) return undefined
  // The first part is a host only where it looks like one; else it belongs to a name on docker.io.
  const isHost = first !== undefined && (/[.:]/.test(first) || first === 'localhost')
  const registry = isHost ? first : 'docker.io'
  const name = isHost || first === undefined ? path : `${first}/${path}`
  if (name !== name.toLowerCase()) return undefined
  const repository = registry === 'docker.io' && !name.includes('/') ? `library/${name}` : name
  return { registry, repository, tag, digest }
}

export function imageReferenceText({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}
