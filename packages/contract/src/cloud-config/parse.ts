import { readYaml } from '../document.ts'
import type { Finding, Place } from '../error.ts'
import { type JudgeOptions, judge } from './judge.ts'
import type { CloudConfig } from './schema/cloud-config.ts'
import { type ConfigText, sourceOf, type Tree, treeAt, treeOf } from './tree.ts'
import type { Warning } from './warnings.ts'

/** A cloud-config, typed, whose every value can be traced back to its place. */
export interface CloudConfigDocument {
  readonly value: CloudConfig
  /** The same as it was written. */
  readonly tree: Tree
  placeOf(path: readonly PropertyKey[]): Place
}

export type CloudConfigResult =
  | {
      readonly kind: 'parsed'
      readonly document: CloudConfigDocument
      readonly warnings: readonly Warning[]
    }
  /** Not a cloud-config; it may be anything. */
  | { readonly kind: 'no-header' }
  | {
      readonly kind: 'invalid'
      readonly findings: readonly [Finding, ...Finding[]]
      /** What is left without the parts that are wrong; undefined where the text is no YAML. */
      readonly rest: CloudConfigDocument | undefined
      readonly warnings: readonly Warning[]
    }

export const headers = ['#cloud-config', '#kairos-config', '#node-config'] as const
const headerLines = 10

/** Whether one of the first ten lines says that this is a cloud-config. */
export function hasHeader(text: string): boolean {
  return text
    .split('\n', headerLines)
    .some((line) => headers.some((header) => line.trimEnd() === header || line.startsWith(`${header} `)))
}

/**
 * Reads and checks one cloud-config.
 * @param file name for places; nothing is read from it
 */
export function parseCloudConfig(text: string, file: string, options: JudgeOptions = {}): CloudConfigResult {
  if (!hasHeader(text)) return { kind: 'no-header' }
  const read = readConfigText(text, file)
  if ('findings' in read) return { kind: 'invalid', findings: read.findings, rest: undefined, warnings: [] }
  const tree = treeOf(read.text)
  const { config, tree: left, errors, warnings } = judge(tree, withOwnWishes(tree, options))
  const document: CloudConfigDocument = { value: config, tree: left, placeOf: sourceOf(left).placeOf }
  const [first, ...rest] = errors
  if (!first) return { kind: 'parsed', document, warnings }
  return { kind: 'invalid', findings: [first, ...rest], rest: document, warnings }
}

/** The YAML of a cloud-config as the field's parser reads it, not judged. */
export function readConfigText(
  text: string,
  name: string,
): { readonly text: ConfigText } | { readonly findings: readonly [Finding, ...Finding[]] } {
  const result = readYaml(text, name, { dialect: 'cloud-config' })
  return 'yaml' in result ? { text: { ...result.yaml, name } } : result
}

/** A file may say itself that it is to be read leniently. */
export function withOwnWishes(tree: Tree, options: JudgeOptions): JudgeOptions {
  const wish = treeAt(tree, ['kiln', 'lenient'])
  const lenient = wish?.kind === 'scalar' && wish.value === true
  return lenient ? { ...options, lenient: true } : options
}
