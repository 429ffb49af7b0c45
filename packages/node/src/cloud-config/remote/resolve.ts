import { utf8Bytes } from '@kiln/contract'
import { hasHeader } from '@kiln/contract/cloud-config/parse'
import { type Address, parseAddress, shown } from './address.ts'
import { configUrlOf } from './config-url.ts'
import type { RemoteProblem, RemoteReason } from './problem.ts'
import { type Render, renderUrl } from './url-template.ts'

/** Somebody who names a remote configuration: a file of this machine, or its kernel's command line. */
export interface RemoteOrigin {
  readonly name: string
  readonly url: string
}

/** A configuration that was fetched. */
export interface RemoteText {
  /** Its address without what may be secret in it: for places, and for the list of sources. */
  readonly name: string
  readonly text: string
  /** Where it is a copy of an earlier start. */
  readonly copy: CopyNote | undefined
}

export interface CopyNote {
  /** When it was fetched: ISO 8601. */
  readonly at: string
  /** Why it was not fetched now. */
  readonly reason: RemoteReason
  readonly detail: string
}

export interface Resolved {
  /** In the order in which they act, after what named them. */
  readonly texts: readonly RemoteText[]
  readonly problems: readonly RemoteProblem[]
}

export interface FetchRules {
  /** Largest text, in bytes. */
  readonly bytes: number
  /** Server that may be this machine itself: the one that its owner named. */
  readonly trusted: string
}

export type Fetched =
  | { readonly ok: true; readonly text: string; readonly copy?: CopyNote }
  | { readonly ok: false; readonly reason: RemoteReason; readonly detail: string }

export interface Resolver {
  readonly render: Render
  /** Facts of this machine; only called where an address has something to fill in. */
  readonly facts: () => object
  /** Fetches what is behind one address, redirects included, or takes a copy of it. Never throws for what is remote. */
  readonly fetch: (address: Address, rules: FetchRules) => Fetched
}

export const remoteLimits = {
  /** Addresses one after the other. */
  depth: 8,
  /** Bytes of one text, and of all of one chain. */
  bytes: 1024 * 1024,
  allBytes: 4 * 1024 * 1024,
} as const

/**
 * Follows `config_url` from one configuration to the next. What goes wrong ends the chain there; what came before counts.
 */
export function resolveRemote(origin: RemoteOrigin, resolver: Resolver, limits = remoteLimits): Resolved {
  const texts: RemoteText[] = []
  const problems: RemoteProblem[] = []
  const visited = new Set<string>()
  let trusted: string | undefined
  let left = limits.allBytes
  let next: RemoteOrigin | undefined = origin
  while (next !== undefined) {
    const { name: from, url }: RemoteOrigin = next
    const problem = (reason: RemoteReason, detail: string, fatal = false): Resolved => ({
      texts,
      problems: [...problems, { reason, detail, origin: from, fatal }],
    })
    if (texts.length >= limits.depth)
      return problem('too-deep', `more than ${limits.depth} one after the other`)
    const address = addressOf(url, resolver)
    if ('reason' in address) return problem(address.reason, address.detail, true)
    if (visited.has(address.url)) return problem('cycle', shown(address.url))
    visited.add(address.url)
    trusted ??= address.authority
    if (left <= 0) return problem('too-large', `all of them have more than ${limits.allBytes} bytes`)
    const fetched = resolver.fetch(address, { bytes: Math.min(limits.bytes, left), trusted })
    const name = shown(address.url)
    if (!fetched.ok) return problem(fetched.reason, `${name}: ${fetched.detail}`)
    if (!hasHeader(fetched.text)) return problem('no-header', name)
    left -= utf8Bytes(fetched.text).length
    texts.push({ name, text: fetched.text, copy: fetched.copy })
    const further = configUrlOf(fetched.text)
    next = further === undefined ? undefined : { name, url: further }
  }
  return { texts, problems }
}

function addressOf(
  url: string,
  { render, facts }: Resolver,
): Address | { readonly reason: RemoteReason; readonly detail: string } {
  let rendered: string
  try {
    rendered = renderUrl(url, render, facts)
  } catch (error) {
    return { reason: 'template-failed', detail: (error as Error).message }
  }
  const address = parseAddress(rendered)
  return typeof address === 'string'
    ? { reason: 'bad-address', detail: `"${shown(rendered)}": ${address}` }
    : address
}

/**
 * All sources with what they lead to right behind each of them: what is remote counts for more than what named it, and less
 * than the next file.
 * @param urlOf the `config_url` of a source
 */
export function expandRemote<S extends { readonly name: string }>(
  sources: readonly S[],
  urlOf: (source: S) => string | undefined,
  resolver: Resolver,
): { readonly sources: readonly (S | RemoteText)[]; readonly problems: readonly RemoteProblem[] } {
  const problems: RemoteProblem[] = []
  const expanded = sources.flatMap((source): (S | RemoteText)[] => {
    const url = urlOf(source)
    if (url === undefined) return [source]
    const resolved = resolveRemote({ name: source.name, url }, resolver)
    problems.push(...resolved.problems)
    return [source, ...resolved.texts]
  })
  return { sources: expanded, problems }
}
