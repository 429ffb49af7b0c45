import { type Identity, meetChallenge, type Pass, refused } from './authorization.ts'
import { type Download, downloadExact } from './download.ts'
import { SourceError } from './error.ts'
import { type Blob, manifestTypes } from './manifest.ts'
import { addressOf, type Endpoint } from './settings.ts'
import { ask, type Question, type SmallAnswer, type Wire } from './wire.ts'

/** A repository in a registry, or in whatever answers for it. Distribution specification 1.1, the pulling part. */
export interface Repository {
  /** @param reference a tag or `sha256:<hex>` */
  manifest(reference: string): Manifest
  /** Brings a file to the content of a blob, from where it ends. */
  blob(blob: Blob, file: string, name: string, progress: (done: number, total: number) => void): void
  tags(): string[]
}

export interface Manifest {
  readonly text: string
  readonly digest: string
}

export interface RepositoryOptions {
  readonly wire: Wire
  /** Asked one after another, until one gives what is wanted. */
  readonly endpoints: readonly Endpoint[]
  readonly repository: string
  /** The file with credentials for a host, and what is in it. */
  readonly identify: (host: string, repository: string) => Identity | undefined
}

export function openRepository({ wire, endpoints, repository, identify }: RepositoryOptions): Repository {
  const clients = endpoints.map((endpoint) => {
    const name = `${endpoint.prefix}${repository}`
    return openEndpoint(wire, endpoint, name, identify(endpoint.host, name))
  })
  return {
    manifest: (reference) => firstThatCan(clients, (client) => manifestOf(client, reference)),
    blob: (blob, file, name, progress) =>
      firstThatCan(clients, (client) => fetchBlob(wire, client, { blob, file, name, progress })),
    tags: () => firstThatCan(clients, tagsOf),
  }
}

/** What another place cannot mend either. */
const hopeless: readonly SourceError['reason'][] = ['no-space', 'unreadable', 'tool-missing']

/** The last place is the registry itself: what it says counts. */
function firstThatCan<T>(clients: readonly Client[], use: (client: Client) => T): T {
  const missed: string[] = []
  for (const [index, client] of clients.entries()) {
    try {
      return use(client)
    } catch (error) {
      if (!(error instanceof SourceError) || hopeless.includes(error.reason)) throw error
      if (index < clients.length - 1) missed.push(`${client.host}: ${error.reason}`)
      else if (missed.length === 0) throw error
      else throw new SourceError(error.reason, `${error.message} (mirrors: ${missed.join(', ')})`, error)
    }
  }
  throw new SourceError('bad-reference', 'nobody is named who could be asked')
}

/** One host, with the pass that it gave us. */
interface Client {
  readonly host: string
  readonly repository: string
  question(path: string, headers?: readonly string[]): Question
  /** Asks, and shows who we are where that is wanted. Status 401 and 403 are errors. */
  ask<T>(question: () => Question, name: string, use: (answer: SmallAnswer) => T): T
  /** Gets a new pass. @returns false where the last one is new already */
  renew(challenges: readonly string[]): boolean
  /** The pass works; should it be refused later, it has expired. */
  accepted(): void
}

function openEndpoint(
  wire: Wire,
  endpoint: Endpoint,
  repository: string,
  identity: Identity | undefined,
): Client {
  const asked = { endpoint, repository, identity }
  let pass: Pass = {}
  let fresh = false
  const client: Client = {
    host: endpoint.host,
    repository,
    question: (path, headers = []) => ({
      url: `${addressOf(endpoint)}/v2/${path}`,
      plainHttp: endpoint.plainHttp,
      ...(endpoint.authority === undefined ? {} : { authority: endpoint.authority }),
      ...pass,
      headers: [...headers, ...(pass.headers ?? [])],
    }),
    ask(question, name, use) {
      const challenges = ask(wire, question(), name, (answer) => {
        if (answer.status === 401) return { challenges: answer.header('www-authenticate') }
        if (answer.status === 403) throw refused(asked)
        client.accepted()
        return { value: use(answer) }
      })
      if ('value' in challenges) return challenges.value
      if (!client.renew(challenges.challenges)) throw refused(asked)
      return client.ask(question, name, use)
    },
    renew(challenges) {
      if (fresh) return false
      pass = meetChallenge(wire, challenges, asked)
      fresh = true
      return true
    },
    accepted() {
      fresh = false
    },
  }
  return client
}

function manifestOf(client: Client, reference: string): Manifest {
  const question = () =>
    client.question(`${client.repository}/manifests/${reference}`, [`Accept: ${manifestTypes.join(', ')}`])
  const isDigest = reference.startsWith('sha256:')
  const name = `${client.host}/${client.repository}${isDigest ? '@' : ':'}${reference}`
  return client.ask(question, name, ({ status, text, digest }) => {
    requireFound(status, name)
    const found = digest()
    if (isDigest && found !== reference) {
      throw new SourceError('digest-mismatch', `${name}: the registry answers with ${found}`)
    }
    return { text, digest: found }
  })
}

interface BlobRequest {
  readonly blob: Blob
  readonly file: string
  readonly name: string
  readonly progress: (done: number, total: number) => void
}

function fetchBlob(wire: Wire, client: Client, { blob, file, name, progress }: BlobRequest): void {
  const request: Download = {
    question: () => client.question(`${client.repository}/blobs/${blob.digest}`),
    accepted: () => client.accepted(),
    unauthorized: ({ header }) => client.renew(header('www-authenticate')),
    name: `${name} of ${client.host}/${client.repository}`,
    file,
    size: blob.size,
    progress,
  }
  downloadExact(wire, request, blob.digest)
}

const pageSize = 1000
const mostPages = 100

/** In the order of the registry, page by page (RFC 8288: `Link: </v2/…?last=…>; rel="next"`). */
function tagsOf(client: Client): string[] {
  const name = `${client.host}/${client.repository}`
  const tags: string[] = []
  let path: string | undefined = `${client.repository}/tags/list?n=${pageSize}`
  for (let page = 0; path !== undefined && page < mostPages; page++) {
    const asked: string = path
    path = client.ask(
      () => client.question(asked),
      name,
      ({ status, text, header }) => {
        requireFound(status, name)
        tags.push(...tagsIn(text, name))
        const next = header('link')
          .join(',')
          .match(/<([^>]+)>\s*;\s*rel="?next"?/)?.[1]
        // Relative, or with the address of the registry before it.
        return next?.match(/\/v2\/(.+)$/)?.[1]
      },
    )
  }
  return tags
}

function tagsIn(text: string, name: string): string[] {
  try {
    const { tags } = JSON.parse(text) as { readonly tags?: unknown }
    if (tags === null || tags === undefined) return []
    if (Array.isArray(tags)) return tags.filter((tag): tag is string => typeof tag === 'string')
  } catch {
    // Falls through: it is no list either way.
  }
  throw new SourceError('wrong-media', `${name}: the answer is no list of tags`)
}

function requireFound(status: number, name: string): void {
  if (status === 200) return
  if (status === 404) throw new SourceError('not-found', `${name}: the registry does not have it`)
  throw new SourceError('unreachable', `${name}: the server answers ${status}`)
}
