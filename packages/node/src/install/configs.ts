import { type Finding, formatPlace } from '@kiln/contract'
import { hasHeader } from '@kiln/contract/cloud-config/parse'
import type { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import { type Collected, type ConfigSource, collect } from '../cloud-config/collect.ts'
import { gatherSources, readSource } from '../cloud-config/gather.ts'
import { parseAddress, shown } from '../cloud-config/remote/address.ts'
import { download } from '../cloud-config/remote/fetch.ts'
import { remoteFacts } from '../cloud-config/remote/problem.ts'
import { remoteLimits } from '../cloud-config/remote/resolve.ts'
import { sourcesOf } from '../cloud-config/sources.ts'
import type { Host } from '../host/host.ts'
import { InstallError } from './error.ts'

/** A cloud-config that says how to install, or goes to the installed system, or both. */
export interface ConfigFile {
  readonly file: string
  readonly text: string
  readonly config: CloudConfig
  /** It is in the image: the installed system has it anyway. */
  readonly inImage: boolean
}

export interface ConfigsResult {
  readonly configs: readonly ConfigFile[]
  /** All of them together, and the kernel command line. */
  readonly merged: CloudConfig
  readonly warnings: readonly string[]
}

/** Cloud-configs of the image itself. */
export const imageConfigs = '/system/oem'
/** Folders that the installed system has as well. */
const imageFolders: readonly string[] = [imageConfigs, '/etc/kairos']

/**
 * The cloud-configs of this system in the order in which they act, or those of the image and one that is named. All have to
 * be understood: the one that is not may be the one that lets somebody in.
 * @param added cloud-configs that are not in a file yet
 * @throws InstallError bad-config with every finding
 */
export function readInstallConfigs(
  host: Host,
  named: string | undefined,
  added: readonly Pick<ConfigFile, 'file' | 'text'>[] = [],
): ConfigsResult {
  const folders = sourcesOf('').filter(({ path }) => named === undefined || imageFolders.includes(path))
  const wanted = named === undefined ? [] : [namedSource(host, named)]
  const made = added.map(({ file, text }): ConfigSource => ({ kind: 'file', name: file, text }))
  const gathered = gatherSources(host, { folders, added: [...wanted, ...made], network: true })
  const collected = collect(gathered.sources, { lenient: gathered.lenient })
  const problems = [
    ...[...gathered.errors, ...collected.errors].map(sentence),
    ...collected.sources
      .filter(({ name, outcome }) => name === named && outcome === 'no-header')
      .map(({ name }) => `${name} has no #cloud-config in its first 10 lines`),
  ]
  if (problems.length > 0) throw new InstallError('bad-config', problems.join('\n'))
  return {
    configs: filesOf(gathered.sources, collected),
    merged: collected.config,
    warnings: [...gathered.warnings, ...collected.warnings].map(({ code, message, place }) =>
      place?.line === undefined || code === 'W-IGNORED' ? message : `${formatPlace(place)}: ${message}`,
    ),
  }
}

function namedSource(host: Host, named: string): ConfigSource {
  if (/^https?:/i.test(named)) return fetchedSource(host, named)
  const source = readSource(host, named)
  if ('code' in source) throw new InstallError('bad-config', `${source.message}.`)
  return source
}

const patienceMs = 90_000

/** What an address has now: it goes to the installed system as a file would. */
function fetchedSource(host: Host, url: string): ConfigSource {
  const name = shown(url)
  const address = parseAddress(url)
  if (typeof address === 'string') throw new InstallError('bad-config', `${name}: ${address}.`)
  const rules = { bytes: remoteLimits.bytes, trusted: address.authority }
  const result = download(host, address, rules, host.uptime() + patienceMs)
  if (!result.ok) {
    throw new InstallError('bad-config', `${name}: ${remoteFacts[result.reason].title}: ${result.detail}.`)
  }
  if (!hasHeader(result.text))
    throw new InstallError('bad-config', `${name}: ${remoteFacts['no-header'].title}.`)
  return { kind: 'file', name, text: result.text }
}

function filesOf(sources: readonly ConfigSource[], collected: Collected): ConfigFile[] {
  return sources.flatMap((source, index): ConfigFile[] => {
    const config = collected.sources[index]?.config
    if (source.kind !== 'file' || config === undefined) return []
    const { name: file, text } = source
    return [{ file, text, config, inImage: imageFolders.some((folder) => file.startsWith(`${folder}/`)) }]
  })
}

function sentence({ message, place, hint }: Finding): string {
  const where = place ? formatPlace(place) : ''
  return [message.startsWith(where) ? '' : where, message, hint].filter(Boolean).join(': ')
}
