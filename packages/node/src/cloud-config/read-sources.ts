import type { Finding } from '@kiln/contract'
import { type Judgement, judge } from '@kiln/contract/cloud-config/judge'
import { hasHeader, readConfigText, withOwnWishes } from '@kiln/contract/cloud-config/parse'
import { declaredBlocks } from '@kiln/contract/cloud-config/strange'
import { type Tree, treeOf } from '@kiln/contract/cloud-config/tree'
import type { Warning } from '@kiln/contract/cloud-config/warnings'
import { commandLineConfig, commandLineName } from './command-line.ts'

/** A text that may say something about the configuration, and what it is. */
export type ConfigSource =
  /** A file, user data, or what `config_url` led to: has to have a header. */
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  /** YAML or JSON without a header, such as what options of a command say; anything but a map says nothing. */
  | { readonly kind: 'settings'; readonly name: string; readonly text: string; readonly replaces?: boolean }
  /** /proc/cmdline. */
  | { readonly kind: 'command-line'; readonly text: string }

export type SourceOutcome =
  | 'merged'
  /** Has the same text as another one after it. */
  | 'repeated'
  | 'no-header'
  /** No YAML, or no map. */
  | 'unreadable'

export interface ReadOptions {
  /** Unknown keys are told and left out, instead of being errors. */
  readonly lenient?: boolean
  /** Top-level blocks that a provider reads, besides those that the sources declare themselves. */
  readonly providerBlocks?: readonly string[]
  /** What was read before, by its text; grows. */
  readonly known?: Map<string, Understood>
}

export interface ReadSource {
  readonly name: string
  readonly outcome: SourceOutcome
  /** What it says by itself; undefined unless merged. */
  readonly judged: Judgement | undefined
  /** Whole blocks of it take the place of those that are there. */
  readonly replaces: boolean
  readonly errors: readonly Finding[]
  readonly warnings: readonly Warning[]
}

/** Reads and judges sources, each by itself. What a source declares for others, such as blocks of a provider, holds for all. */
export function readSources(sources: readonly ConfigSource[], options: ReadOptions = {}): ReadSource[] {
  const last = new Map(sources.map((source, index) => [sameness(source), index]))
  const understood = sources.map((source, index) =>
    last.get(sameness(source)) === index ? understand(source, options.known) : undefined,
  )
  const declared = understood.flatMap((one) => (one?.tree ? declaredBlocks(one.tree) : []))
  const providerBlocks = [...(options.providerBlocks ?? []), ...declared]
  return sources.map((source, index): ReadSource => {
    const name = nameOf(source)
    const replaces = source.kind === 'settings' && source.replaces === true
    const one = understood[index]
    if (!one) return { name, outcome: 'repeated', judged: undefined, replaces, errors: [], warnings: [] }
    const { tree, outcome, errors, warnings } = one
    if (!tree) return { name, outcome, judged: undefined, replaces, errors, warnings }
    const judged = judge(tree, withOwnWishes(tree, { lenient: options.lenient === true, providerBlocks }))
    return {
      name,
      outcome,
      judged,
      replaces,
      errors: [...errors, ...judged.errors],
      warnings: [...warnings, ...judged.warnings],
    }
  })
}

/** The same text twice, as on a medium and as user data, is meant once. */
function sameness(source: ConfigSource): string {
  return `${source.kind}\n${source.text.trim()}`
}

export function nameOf(source: ConfigSource): string {
  return source.kind === 'command-line' ? commandLineName : source.name
}

/** A text as a tree, not judged yet. */
export interface Understood {
  readonly outcome: Exclude<SourceOutcome, 'repeated'>
  readonly tree: Tree | undefined
  readonly errors: readonly Finding[]
  readonly warnings: readonly Warning[]
}

function understand(source: ConfigSource, known: Map<string, Understood> | undefined): Understood {
  const key = `${nameOf(source)}\n${sameness(source)}`
  const before = known?.get(key)
  if (before) return before
  const made = source.kind === 'command-line' ? readCommandLine(source.text) : readText(source)
  known?.set(key, made)
  return made
}

function readCommandLine(line: string): Understood {
  const { text, errors } = commandLineConfig(line)
  return { outcome: 'merged', tree: treeOf(text), errors, warnings: [] }
}

function readText(source: Exclude<ConfigSource, { kind: 'command-line' }>): Understood {
  const { kind, name, text } = source
  if (kind === 'file' && !hasHeader(text)) {
    return leftOut('no-header', name, 'has no #cloud-config in its first 10 lines, so it is left out')
  }
  const result = readConfigText(text, name)
  if ('findings' in result) {
    if (kind === 'settings') return leftOut('unreadable', name, 'is neither YAML nor JSON')
    return { outcome: 'unreadable', tree: undefined, errors: result.findings, warnings: [] }
  }
  const tree = treeOf(result.text)
  if (kind === 'settings' && tree.kind !== 'map') {
    return leftOut('unreadable', name, 'is no map, so it says nothing')
  }
  return { outcome: 'merged', tree, errors: [], warnings: [] }
}

function leftOut(outcome: Understood['outcome'], name: string, why: string): Understood {
  const warning = {
    code: 'W-IGNORED',
    message: `${name} ${why}`,
    place: { file: name, line: 1, column: 1 },
  } as const
  return { outcome, tree: undefined, errors: [], warnings: [warning] }
}
