import type { Finding } from '@kiln/contract'
import type { Warning } from '@kiln/contract/cloud-config/warnings'
import type { Host } from '../host/host.ts'
import { commandLineConfig } from './command-line.ts'
import { readFacts } from './facts/read-facts.ts'
import { nodeTemplates } from './plan/node-facts.ts'
import { type ConfigSource, nameOf } from './read-sources.ts'
import { configUrlOf } from './remote/config-url.ts'
import { type FetcherOptions, remoteFetcher } from './remote/fetcher.ts'
import { type RemoteProblem, remoteFacts } from './remote/problem.ts'
import { expandRemote, type RemoteText, type Resolver } from './remote/resolve.ts'
import { renderTemplate, type Value } from './template/index.ts'

export interface Followed {
  readonly sources: readonly ConfigSource[]
  readonly errors: readonly Finding[]
  readonly warnings: readonly Warning[]
}

/** Puts behind each source what its `config_url` leads to. */
export function followRemote(
  host: Host,
  sources: readonly ConfigSource[],
  options: FetcherOptions,
): Followed {
  const named = sources.map((source) => ({ name: nameOf(source), source }))
  const { sources: all, problems } = expandRemote(
    named,
    ({ source }) => urlOf(source),
    resolverOf(host, options),
  )
  return {
    sources: all.map((one) =>
      'source' in one ? one.source : { kind: 'file', name: one.name, text: one.text },
    ),
    errors: problems
      .filter(({ fatal }) => fatal)
      .map((problem) => ({ code: 'E-CONFIG-BAD-VALUE', ...told(problem) })),
    warnings: [
      ...problems
        .filter(({ fatal }) => !fatal)
        .map((problem): Warning => ({ code: 'W-IGNORED', ...told(problem) })),
      ...all.flatMap((one) => ('source' in one ? [] : copyWarning(one))),
    ],
  }
}

/** Whether one of the sources has a `config_url`, so that the network is needed to know the whole. */
export function leadElsewhere(sources: readonly ConfigSource[]): boolean {
  return sources.some((source) => urlOf(source) !== undefined)
}

function urlOf(source: ConfigSource): string | undefined {
  if (source.kind === 'settings') return undefined
  if (source.kind === 'file') return configUrlOf(source.text)
  const { configUrl } = commandLineConfig(source.text)
  // A path is a file of this machine, which was gathered with the others.
  return configUrl?.startsWith('/') ? undefined : configUrl
}

function resolverOf(host: Host, options: FetcherOptions): Resolver {
  const templates = nodeTemplates(host)
  return {
    render: (template, values) => renderTemplate(template, { Values: values as Value }, templates),
    facts: () => readFacts(host),
    fetch: remoteFetcher(host, options),
  }
}

function told({ reason, detail, origin }: RemoteProblem) {
  const { title, advice } = remoteFacts[reason]
  return { message: `${title}: ${detail}`, place: { file: origin }, hint: advice }
}

function copyWarning({ name, copy }: RemoteText): Warning[] {
  if (!copy || copy.reason === 'offline') return []
  const message = `${name}: a copy of ${copy.at} is used, because ${copy.detail}`
  return [{ code: 'W-IGNORED', message, place: { file: name } }]
}
