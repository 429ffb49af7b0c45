import { type Finding, parameter, splitCommandLine } from '@kiln/contract'
import { type Host, HostError } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'
import { type Collected, collect } from './collect.ts'
import type { ConfigSource } from './read-sources.ts'
import { configFiles, type SourceFolder, sourcesOf } from './sources.ts'

export interface Gathered {
  /** In the order in which they count: folders, what is added, the kernel command line. */
  readonly sources: readonly ConfigSource[]
  readonly lenient: boolean
  /** Files that are there and cannot be read. */
  readonly errors: readonly Finding[]
}

export interface GatherOptions {
  readonly folders?: readonly SourceFolder[]
  /** Behind those of the folders. */
  readonly added?: readonly ConfigSource[]
}

const commandLineFile = '/proc/cmdline'
/** The word of the kernel command line that has every source read leniently. */
const lenientWord = 'kiln.lenient'

/** What this machine has to say about its configuration. */
export function gatherSources(
  host: Host,
  { folders = sourcesOf(''), added = [] }: GatherOptions = {},
): Gathered {
  const line = readIfThere(host, commandLineFile) ?? ''
  const read = folders.flatMap((folder) => configFiles(host, folder)).map((file) => readSource(host, file))
  const files = read.flatMap((one) => ('code' in one ? [] : [one]))
  return {
    sources: [...files, ...added, { kind: 'command-line', text: line }],
    lenient: parameter(splitCommandLine(line), lenientWord) !== undefined,
    errors: read.flatMap((one) => ('code' in one ? [one] : [])),
  }
}

/**
 * The configuration of a running system. What is not understood is left out: a command must work on a node whose configuration
 * is half broken.
 */
export function nodeConfig(host: Host, options: GatherOptions = {}): Collected {
  const { sources, lenient, errors } = gatherSources(host, options)
  const collected = collect(sources, { lenient })
  return { ...collected, errors: [...errors, ...collected.errors] }
}

export function readSource(host: Host, file: string): ConfigSource | Finding {
  try {
    return { kind: 'file', name: file, text: host.readText(file) }
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    return { code: 'E-CONFIG-UNREADABLE', message: error.message, place: { file } }
  }
}
