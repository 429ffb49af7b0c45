import type { Finding } from '@kiln/contract'
import { checkCloudConfig } from '@kiln/contract/cloud-config/checks'
import { judge } from '@kiln/contract/cloud-config/judge'
import type { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import {
  emptyTree,
  type Origin,
  plainOf,
  sourceOf,
  type Tree,
  treeAt,
} from '@kiln/contract/cloud-config/tree'
import type { Warning } from '@kiln/contract/cloud-config/warnings'
import { type MergeKeys, merge } from './merge.ts'
import { type ConfigSource, type ReadOptions, readSources, type SourceOutcome } from './read-sources.ts'

export type { ConfigSource, SourceOutcome } from './read-sources.ts'

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

export interface CollectOptions extends ReadOptions {
  readonly mergeKeys?: MergeKeys
}

/**
 * One configuration out of many sources, of which a later one counts for more. A source that is wrong in part loses that part,
 * one that cannot be read is left out, and both are told: no source takes another one down with it.
 */
export function collect(sources: readonly ConfigSource[], options: CollectOptions = {}): Collected {
  const read = readSources(sources, options)
  const trees = read.flatMap(({ judged }) => judged?.tree ?? [])
  const mergeKeys = { ...options.mergeKeys, ...Object.assign({}, ...trees.map(declaredKeys)) }
  const errors: Finding[] = []
  let merged: Tree = emptyTree
  const collected = read.map(({ name, outcome, judged, replaces, errors: own }): CollectedSource => {
    errors.push(...own)
    if (!judged) return { name, outcome, config: undefined, errors: own }
    const { tree, errors: misfits } = replaces
      ? { tree: replaced(merged, judged.tree), errors: [] }
      : merge(merged, judged.tree, mergeKeys)
    merged = tree
    errors.push(...misfits)
    return { name, outcome, config: judged.config, errors: [...own, ...misfits] }
  })
  // Only what does not fit together can be wrong now; which blocks are known was judged for each source.
  const whole = judge(merged, { lenient: true })
  const checked = checkCloudConfig(whole.config, sourceOf(whole.tree))
  return {
    config: whole.config,
    tree: merged,
    sources: collected,
    errors: [...errors, ...whole.errors, ...checked.errors],
    warnings: [...read.flatMap(({ warnings }) => warnings), ...checked.warnings],
  }
}

/** All that had a say about the value at a path, the one in force first. */
export function originsOf(
  { tree }: Pick<Collected, 'tree'>,
  path: readonly PropertyKey[],
): readonly Origin[] {
  return treeAt(tree, path)?.from.toReversed() ?? []
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
