import type { z } from 'zod/mini'
import type { JudgeOptions } from './judge.ts'
import { changeAt, type Path, pathIn, type ScalarTree, type Tree, treeAt } from './tree.ts'

const words: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  y: true,
  false: false,
  no: false,
  off: false,
  n: false,
}

/**
 * What a typed decoder of the field would have taken as another type: `yes` where true or false is wanted, and everything of
 * the kernel command line, which has only texts. @returns undefined where there is nothing of that kind
 */
export function repaired(
  tree: Tree,
  issues: readonly z.core.$ZodIssue[],
  options: JudgeOptions,
): Tree | undefined {
  let mended: Tree | undefined
  for (const issue of issues) {
    if (issue.code !== 'invalid_type') continue
    const path = issue.path as Path
    const part = treeAt(mended ?? tree, path)
    if (part?.kind !== 'scalar') continue
    const value = converted(part, issue.expected, options)
    if (value !== undefined) mended = changeAt(mended ?? tree, path, () => ({ ...part, value }))
  }
  return mended
}

function converted(part: ScalarTree, expected: string, { lenient = false }: JudgeOptions): unknown {
  const { value } = part
  const origin = part.from.at(-1)
  if (!origin) return undefined
  const written = () => origin.text.textOf(pathIn(origin))
  if (expected === 'boolean' && typeof value === 'string') {
    // In quotes it is a text: whoever writes "yes" may have meant a text.
    const isPlain = origin.text.untyped || written() === value
    const word = value.toLowerCase()
    return isPlain && Object.hasOwn(words, word) ? words[word] : undefined
  }
  if ((expected === 'number' || expected === 'int') && typeof value === 'string' && origin.text.untyped) {
    return /^-?\d+$/.test(value) ? Number(value) : undefined
  }
  if (expected === 'string' && lenient && ['number', 'boolean'].includes(typeof value)) return written()
  return undefined
}
