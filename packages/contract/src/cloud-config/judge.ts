import { safeParse, type z } from 'zod/mini'
import type { Finding } from '../error.ts'
import { byPlace, findingsOf } from '../issues.ts'
import { deprecationWarnings } from './deprecated.ts'
import { noEffectWarnings } from './no-effect.ts'
import { repaired } from './repair.ts'
import { CloudConfig } from './schema/cloud-config.ts'
import { strangeBlocks } from './strange.ts'
import { changeAt, emptyTree, type MapTree, type Path, sourceOf, type Tree } from './tree.ts'
import type { Warning } from './warnings.ts'

export interface JudgeOptions {
  /** Unknown keys are told and left out, instead of being errors. */
  readonly lenient?: boolean
  /** Top-level blocks that a provider reads. */
  readonly providerBlocks?: readonly string[]
}

export interface Judgement {
  /** Typed, without what is wrong, without `x-…` and without the blocks of providers. */
  readonly config: CloudConfig
  /** The same as it was written, with `x-…` and the blocks of providers. */
  readonly tree: Tree
  readonly errors: readonly Finding[]
  readonly warnings: readonly Warning[]
}

const mostRounds = 8

/**
 * Holds a configuration against the schema. What is wrong is told and taken out, as little of it as can be without doing
 * something else than was meant: a step as a whole, a user, a block. So one mistake does not lock everybody out.
 */
export function judge(written: Tree, options: JudgeOptions = {}): Judgement {
  const { own, foreign, errors, warnings } = strangeBlocks(written, options)
  const findings: Finding[] = [...errors]
  const told: Warning[] = [...warnings]
  let tree: Tree = own
  for (let round = 0; round < mostRounds; round++) {
    const places = sourceOf(tree)
    const source = { ...places, value: places.value }
    const result = safeParse(CloudConfig, source.value)
    if (result.success) {
      told.push(...noEffectWarnings(tree), ...deprecationWarnings(tree))
      return {
        config: result.data,
        tree: withForeign(tree, foreign),
        errors: findings.toSorted(byPlace),
        warnings: told,
      }
    }
    const { issues } = result.error
    const mended = repaired(tree, issues, options)
    if (mended) {
      tree = mended
      continue
    }
    for (const issue of issues) {
      const found = findingsOf(issue, CloudConfig, source)
      if (options.lenient && issue.code === 'unrecognized_keys') told.push(...found.map(asWarning))
      else findings.push(...found)
    }
    tree = without(tree, issues, options)
  }
  return {
    config: {},
    tree: withForeign(emptyTree, foreign),
    errors: findings.toSorted(byPlace),
    warnings: told,
  }
}

function asWarning({ message, place, hint }: Finding): Warning {
  return { code: 'W-UNKNOWN-KEY', message, ...(place ? { place } : {}), ...(hint ? { hint } : {}) }
}

function withForeign(tree: Tree, foreign: MapTree['entries']): Tree {
  if (foreign.size === 0 || tree.kind !== 'map') return tree
  return { ...tree, entries: new Map([...tree.entries, ...foreign]) }
}

function without(tree: Tree, issues: readonly z.core.$ZodIssue[], { lenient = false }: JudgeOptions): Tree {
  const units = issues.flatMap((issue): Path[] => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
    if (issue.code !== 'unrecognized_keys') return [unitOf(path)]
    return issue.keys.map((key) => (lenient ? [...path, key] : unitOf([...path, key], true)))
  })
  // From behind, so that the numbers of the items before it stay right.
  const ordered = [...new Map(units.map((unit) => [JSON.stringify(unit), unit])).values()].toSorted(
    fromBehind,
  )
  return ordered.reduce<Tree>((left, unit) => changeAt(left, unit, () => undefined) ?? emptyTree, tree)
}

function fromBehind(a: Path, b: Path): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const [x, y] = [a[index], b[index]]
    if (typeof x === 'number' && typeof y === 'number' && x !== y) return y - x
  }
  return b.length - a.length
}

/** Blocks in which a missing word changes what is erased. */
const consents = ['install', 'upgrade', 'reset']

/** The least that can be left out without doing something else than was meant. */
function unitOf(path: Path, isUnknownKey = false): Path {
  const [block, second, third] = path
  if (block === 'stages') return typeof third === 'number' ? path.slice(0, 3) : path.slice(0, 2)
  if (isUnknownKey && !consents.includes(String(block))) return path
  if (typeof second === 'number' || block === 'kiln') return path.slice(0, 2)
  return path.slice(0, 1)
}
