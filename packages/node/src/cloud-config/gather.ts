import { type Finding, parameter, splitCommandLine } from '@kiln/contract'
import type { Warning } from '@kiln/contract/cloud-config/warnings'
import { type Host, HostError } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'
import { type Collected, collect } from './collect.ts'
import { commandLineConfig } from './command-line.ts'
import type { ConfigSource } from './read-sources.ts'
import { followRemote } from './remote-sources.ts'
import { configFiles, type SourceFolder, sourcesOf } from './sources.ts'

export interface Gathered {
  /** In the order in which they count: folders, what is added, the kernel command line; each with what it leads to. */
  readonly sources: readonly ConfigSource[]
  readonly lenient: boolean
  /** Files that are there and cannot be read, and addresses that can only be a mistake. */
  readonly errors: readonly Finding[]
  /** Addresses from which nothing came, or only a copy of an earlier start. */
  readonly warnings: readonly Warning[]
}

export interface GatherOptions {
  readonly folders?: readonly SourceFolder[]
  /** Behind those of the folders. */
  readonly added?: readonly ConfigSource[]
  /** Whether `config_url` is fetched; otherwise only copies of an earlier start count. */
  readonly network?: boolean
  /** What stands before the path of those copies: `/sysroot` in the initramfs. */
  readonly root?: string
  /** What was gathered just before: nothing is looked for again. */
  readonly gathered?: Gathered
}

const commandLineFile = '/proc/cmdline'
/** The word of the kernel command line that has every source read leniently. */
const lenientWord = 'kiln.lenient'

/** What this machine has to say about its configuration. */
export function gatherSources(host: Host, options: GatherOptions = {}): Gathered {
  if (options.gathered) return options.gathered
  const { folders = sourcesOf(''), added = [], network = false, root = '' } = options
  const line = readIfThere(host, commandLineFile) ?? ''
  const files = folders.flatMap((folder) => configFiles(host, folder))
  const read = [...files, ...namedByCommandLine(line)].map((file) => readSource(host, file))
  const here = read.flatMap((one) => ('code' in one ? [] : [one]))
  const own = [...here, ...added, { kind: 'command-line', text: line } as const]
  const followed = followRemote(host, own, { network, root })
  return {
    sources: followed.sources,
    lenient: parameter(splitCommandLine(line), lenientWord) !== undefined,
    errors: [...read.flatMap((one) => ('code' in one ? [one] : [])), ...followed.errors],
    warnings: followed.warnings,
  }
}

/** `cos.setup=/oem/extra.yaml` names a file of this machine. */
function namedByCommandLine(line: string): string[] {
  if (!line.includes('=')) return []
  const { configUrl } = commandLineConfig(line)
  return configUrl?.startsWith('/') ? [configUrl] : []
}

/**
 * The configuration of a running system. What is not understood is left out: a command must work on a node whose configuration
 * is half broken.
 */
export function nodeConfig(host: Host, options: GatherOptions = {}): Collected {
  const { sources, lenient, errors, warnings } = gatherSources(host, options)
  const collected = collect(sources, { lenient })
  return {
    ...collected,
    errors: [...errors, ...collected.errors],
    warnings: [...warnings, ...collected.warnings],
  }
}

export function readSource(host: Host, file: string): ConfigSource | Finding {
  try {
    return { kind: 'file', name: file, text: host.readText(file) }
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    return { code: 'E-CONFIG-UNREADABLE', message: error.message, place: { file } }
  }
}
