import type { Finding } from '@kiln/contract'
import { checkCloudConfig } from '@kiln/contract/cloud-config/checks'
import { judge } from '@kiln/contract/cloud-config/judge'
import { hasHeader, readConfigText, withOwnWishes } from '@kiln/contract/cloud-config/parse'
import type { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import { declaredBlocks } from '@kiln/contract/cloud-config/strange'
import {
  emptyTree,
  type Origin,
  plainOf,
  sourceOf,
  type Tree,
  treeAt,
  treeOf,
} from '@kiln/contract/cloud-config/tree'
import type { Warning } from '@kiln/contract/cloud-config/warnings'
import { commandLineConfig, commandLineName } from './command-line.ts'
import { type MergeKeys, merge } from './merge.ts'

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

export interface CollectedSource {
  readonly name: string
  readonly outcome: SourceOutcome
  /** What it says by itself, typed and without what is wrong; undefined unless merged. */
  readonly config: CloudConfig | undefined
  readonly errors: readonly Finding[]
}

export interface Collected {
  /** Typed, without what is wrong. */
  readonly config: CloudConfig
  /** As it was written, with origins. */
  readonly tree: Tree
  readonly sources: readonly CollectedSource[]
  readonly errors: readonly Finding[]
  readonly warnings: readonly Warning[]
}

export interface CollectOptions {
  /** Unknown keys are told and left out, instead of being errors. */
  readonly lenient?: boolean
  /** Top-level blocks that a provider reads, besides those that the sources declare themselves. */
  readonly providerBlocks?: readonly string[]
  readonly mergeKeys?: MergeKeys
}

/**
 * One configuration out of many sources, of which a later one counts for more. A source that is wrong in part loses that part,
 * one that cannot be read is left out, and both are told: no source takes another one down with it.
 */
export function collect(sources: readonly ConfigSource[], options: CollectOptions = {}): Collected {
  const read = readAll(sources)
  const trees = read.flatMap((source) => ('tree' in source ? [source.tree] : []))
  const providerBlocks = [...(options.providerBlocks ?? []), ...trees.flatMap(declaredBlocks)]
  const mergeKeys = { ...options.mergeKeys, ...Object.assign({}, ...trees.map(declaredKeys)) }
  const errors: Finding[] = []
  const warnings: Warning[] = []
  let merged: Tree = emptyTree
  const collected = read.map((source): CollectedSource => {
    if (!('tree' in source)) {
      errors.push(...source.errors)
      warnings.push(...source.warnings)
      return { name: source.name, outcome: source.outcome, config: undefined, errors: source.errors }
    }
    const judged = judge(source.tree, withOwnWishes(source.tree, { ...options, providerBlocks }))
    const { tree, errors: misfits } = source.replaces
      ? { tree: replaced(merged, judged.tree), errors: [] }
      : merge(merged, judged.tree, mergeKeys)
    merged = tree
    const own = [...source.errors, ...judged.errors, ...misfits]
    errors.push(...own)
    warnings.push(...judged.warnings)
    return { name: source.name, outcome: 'merged', config: judged.config, errors: own }
  })
  const whole = judge(merged, { lenient: true, providerBlocks })
  const checked = checkCloudConfig(whole.config, sourceOf(whole.tree))
  return {
    config: whole.config,
    tree: merged,
    sources: collected,
    errors: [...errors, ...whole.errors, ...checked.errors],
    warnings: [...warnings, ...checked.warnings],
  }
}

/** All that had a say about the value at a path, the one in force first. */
export function originsOf(
  { tree }: Pick<Collected, 'tree'>,
  path: readonly PropertyKey[],
): readonly Origin[] {
  return treeAt(tree, path)?.from.toReversed() ?? []
}

type ReadSource =
  | {
      readonly name: string
      readonly tree: Tree
      readonly replaces: boolean
      readonly errors: readonly Finding[]
    }
  | {
      readonly name: string
      readonly outcome: Exclude<SourceOutcome, 'merged'>
      readonly errors: readonly Finding[]
      readonly warnings: readonly Warning[]
    }

function readAll(sources: readonly ConfigSource[]): ReadSource[] {
  const last = new Map(sources.map((source, index) => [sameness(source), index]))
  return sources.map((source, index): ReadSource => {
    const repeats = last.get(sameness(source)) !== index
    if (repeats) return { name: nameOf(source), outcome: 'repeated', errors: [], warnings: [] }
    return source.kind === 'command-line' ? readCommandLine(source.text) : readText(source)
  })
}

/** The same text twice, as on a medium and as user data, is meant once. */
function sameness(source: ConfigSource): string {
  return `${source.kind}\n${source.text.trim()}`
}

export function nameOf(source: ConfigSource): string {
  return source.kind === 'command-line' ? commandLineName : source.name
}

function readCommandLine(line: string): ReadSource {
  const { text, errors } = commandLineConfig(line)
  return { name: commandLineName, tree: treeOf(text), replaces: false, errors }
}

function readText(source: Exclude<ConfigSource, { kind: 'command-line' }>): ReadSource {
  const { name, text } = source
  if (source.kind === 'file' && !hasHeader(text)) {
    const message = 'has no #cloud-config in its first 10 lines, so it is left out'
    return { name, outcome: 'no-header', errors: [], warnings: [ignored(name, message)] }
  }
  const result = readConfigText(text, name)
  if ('findings' in result) {
    if (source.kind === 'file') return { name, outcome: 'unreadable', errors: result.findings, warnings: [] }
    return { name, outcome: 'unreadable', errors: [], warnings: [ignored(name, 'is neither YAML nor JSON')] }
  }
  const tree = treeOf(result.text)
  if (source.kind === 'settings' && tree.kind !== 'map') {
    return {
      name,
      outcome: 'unreadable',
      errors: [],
      warnings: [ignored(name, 'is no map, so it says nothing')],
    }
  }
  return { name, tree, replaces: source.kind === 'settings' && source.replaces === true, errors: [] }
}

function ignored(name: string, message: string): Warning {
  return { code: 'W-IGNORED', message: `${name} ${message}`, place: { file: name, line: 1, column: 1 } }
}

/** Whole blocks take the place of those that are there. */
function replaced(earlier: Tree, later: Tree): Tree {
  if (earlier.kind !== 'map' || later.kind !== 'map') return later
  return { ...earlier, entries: new Map([...earlier.entries, ...later.entries]) }
}

function declaredKeys(tree: Tree): MergeKeys {
  const keys = treeAt(tree, ['kiln', 'merge'])
  const plain = keys ? plainOf(keys) : {}
  return typeof plain === 'object' && plain !== null && !Array.isArray(plain) ? (plain as MergeKeys) : {}
}
