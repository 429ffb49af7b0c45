import { ociTypes } from '@kiln/contract'
import type { Catalog, CatalogBlob, Repository } from './catalog.ts'
import type { Answer, Handler, ServeRequest } from './http.ts'

/**
 * A registry that can be read: the pull half of the OCI distribution specification 1.1, with listing and referrers. What
 * would change something is refused.
 */
export function distribution(catalog: Catalog): Handler {
  return (request) => {
    const { path, method } = request
    if (path !== '/v2' && !path.startsWith('/v2/')) return undefined
    if (method !== 'GET' && method !== 'HEAD') {
      return failure(405, 'UNSUPPORTED', 'this registry can only be read', { allow: 'GET, HEAD' })
    }
    if (path === '/v2' || path === '/v2/') return json({})
    if (path === '/v2/_catalog') {
      return list(request, 'repositories', [...catalog.repositories.keys()], path)
    }
    return inRepository(catalog, request)
  }
}

const inRepositoryPath = /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/([^/]+)$/

function inRepository(catalog: Catalog, request: ServeRequest): Answer {
  const [, name = '', what = '', rest = ''] = request.path.match(inRepositoryPath) ?? []
  const answer = answers[what]
  if (!answer) return failure(404, 'NAME_UNKNOWN', 'there is no such address')
  const known = candidates(catalog, name, request.query.get('ns'))
  if (known.length === 0) return failure(404, 'NAME_UNKNOWN', `there is no ${name} here`)
  for (const repository of known) {
    const found = answer(repository, rest, request, name)
    if (found) return found
  }
  const code = what === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN'
  return failure(404, code, `${name} has no ${rest}`)
}

/** containerd tells a mirror in `ns` which registry it stands for; so two registries may have the same name. */
function candidates({ repositories }: Catalog, name: string, ns: string | null): Repository[] {
  const names = ns === null ? [name] : [`${ns}/${name}`, name]
  return names.flatMap((each) => repositories.get(each) ?? [])
}

type Answerer = (
  repository: Repository,
  rest: string,
  request: ServeRequest,
  name: string,
) => Answer | undefined

const answers: Readonly<Record<string, Answerer>> = {
  manifests({ tags, manifests }, reference) {
    const digest = reference.startsWith('sha256:') ? reference : (tags.get(reference) ?? '')
    const found = manifests.get(digest)
    return found && blob(digest, found, found.mediaType)
  },
  blobs({ blobs, manifests }, digest) {
    const found = blobs.get(digest) ?? manifests.get(digest)
    return found && blob(digest, found, 'application/octet-stream')
  },
  tags({ tags }, rest, request, name) {
    return rest === 'list'
      ? list(request, 'tags', [...tags.keys()], `/v2/${name}/tags/list`, { name })
      : undefined
  },
  /** What has none answers with an empty list: no error, by the specification. */
  referrers({ referrers }, digest, { query }) {
    const wanted = query.get('artifactType')
    const all = referrers.get(digest) ?? []
    const manifests = wanted === null ? all : all.filter(({ artifactType }) => artifactType === wanted)
    return {
      status: 200,
      headers: {
        'content-type': ociTypes.index,
        ...(wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }),
      },
      body: JSON.stringify({ schemaVersion: 2, mediaType: ociTypes.index, manifests }),
    }
  },
}

function blob(digest: string, { file, size }: CatalogBlob, type: string): Answer {
  return {
    status: 200,
    headers: { 'content-type': type, 'docker-content-digest': digest, ...version },
    body: { file, size, tag: digest },
  }
}

/** At most `n`, after `last`: pages as the specification has them. */
function list(
  { query }: ServeRequest,
  key: string,
  all: readonly string[],
  path: string,
  more: Readonly<Record<string, string>> = {},
): Answer {
  const last = query.get('last')
  const sorted = all.filter((each) => last === null || each > last).toSorted()
  const n = Number(query.get('n') ?? Number.NaN)
  const page = Number.isInteger(n) && n >= 0 ? sorted.slice(0, n) : sorted
  const end = page.at(-1)
  const link =
    page.length < sorted.length && end !== undefined
      ? { link: `<${path}?n=${n}&last=${encodeURIComponent(end)}>; rel="next"` }
      : {}
  return json({ ...more, [key]: page }, link)
}

const version = { 'docker-distribution-api-version': 'registry/2.0' } as const

function json(content: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', ...version, ...headers },
    body: JSON.stringify(content),
  }
}

function failure(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { ...json({ errors: [{ code, message }] }, headers), status }
}
