import { type Finding, formatPlace } from '@kiln/contract'
import { sourceOf } from '@kiln/contract/cloud-config/tree'
import type { Host } from '../host/host.ts'
import { type GatherOptions, gatherSources } from './gather.ts'
import type { StageSource } from './plan/plan-stage.ts'
import { type ConfigSource, nameOf, type ReadOptions, readSources, type Understood } from './read-sources.ts'

export interface ReadSources {
  readonly sources: readonly StageSource[]
  /** Files of which something is left out, and why. */
  readonly broken: readonly { readonly file: string; readonly errors: readonly string[] }[]
  readonly warnings: readonly string[]
  /** Of these, what became of addresses. */
  readonly remoteWarnings: readonly string[]
  /** What was read, so that it need not be understood once more. */
  readonly known: Map<string, Understood>
  readonly from: readonly ConfigSource[]
}

/**
 * The cloud-configs of a stage, in the order in which they act, and the kernel command line. What is wrong in one is left out
 * of it, and costs no other anything.
 * @param before what an earlier look gave; a file with the same text is not read again
 */
export function readStageSources(host: Host, options: GatherOptions, before?: ReadSources): ReadSources {
  // What was fetched once is a copy now.
  const { gathered: _given, ...again } = options
  const gathered = gatherSources(host, before ? { ...again, network: false } : options)
  if (before && areSame(before.from, gathered.sources)) return before
  const known = before?.known ?? new Map<string, Understood>()
  const read = stageSources(gathered.sources, { lenient: gathered.lenient, known })
  const unreadable = gathered.errors.map((error) => ({
    file: error.place?.file ?? '',
    errors: [sentence(error)],
  }))
  const remoteWarnings = gathered.warnings.map(sentence)
  const warnings = [...remoteWarnings, ...read.warnings]
  const broken = [...unreadable, ...read.broken]
  return { ...read, broken, warnings, remoteWarnings, known, from: gathered.sources }
}

function areSame(some: readonly ConfigSource[], others: readonly ConfigSource[]): boolean {
  const isSame = (one: ConfigSource, other: ConfigSource | undefined) =>
    other !== undefined && nameOf(one) === nameOf(other) && one.text === other.text
  return some.length === others.length && some.every((one, index) => isSame(one, others[index]))
}

/** The same for sources that somebody else gathered. */
export function stageSources(
  sources: readonly ConfigSource[],
  options: ReadOptions = {},
): Omit<ReadSources, 'known' | 'from' | 'remoteWarnings'> {
  const read = readSources(sources, options)
  return {
    sources: read.flatMap(({ name, judged }): StageSource[] =>
      judged ? [{ file: name, config: judged.config, placeOf: sourceOf(judged.tree).placeOf }] : [],
    ),
    broken: read.flatMap(({ name, errors }) =>
      errors.length > 0 ? [{ file: name, errors: errors.map(sentence) }] : [],
    ),
    warnings: read.flatMap(({ warnings }) => warnings.map(sentence)),
  }
}

function sentence({ message, place, hint }: Pick<Finding, 'message' | 'place' | 'hint'>): string {
  const where = place?.line === undefined || message.startsWith(place.file) ? '' : formatPlace(place)
  return [where, message, hint].filter(Boolean).join(': ')
}
