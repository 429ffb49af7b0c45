import {
  compareNames,
  compareVersions,
  type ImageComparison,
  KilnError,
  parseName,
  parseVersion,
} from '@kiln/contract'
import { example, jsonOption } from '../../options.ts'
import { type Outcome, type OutputOptions, runCommand } from '../../session.ts'
import type { AddSubcommand } from './index.ts'

export const addCompare: AddSubcommand = (parent, session, done) => {
  const command = parent
    .command('compare')
    .summary('say which of two versions is newer')
    .description(
      'Says whether the second of two images or versions is newer than the first, and in which parts they are different images.',
    )
    .argument('<FROM>', 'a name, or a version')
    .argument('<TO>', 'another one')
    .addOption(jsonOption())
    .action(async (from: string, to: string, options: OutputOptions) => {
      done(await runCommand(session, options, async () => compare(from, to)))
    })
  example(command, 'kiln name compare v1.0.0-rc10 v1.0.0-rc9')
}

function compare(from: string, to: string): Outcome {
  const comparison = compareTexts(from, to)
  return { result: { from, to, ...comparison }, lines: comparisonLines(from, to, comparison) }
}

function compareTexts(from: string, to: string): ImageComparison {
  const [a, b] = [parseVersion(from), parseVersion(to)]
  if (a && b) {
    const order = compareVersions(b, a)
    return { differs: [], order: order === 0 ? 'same' : order > 0 ? 'newer' : 'older' }
  }
  if (a || b) {
    throw new KilnError('E-USAGE', `a version and a name cannot be compared: ${from}, ${to}`, {
      hint: 'name two images, or two versions',
    })
  }
  const image = parseName(from).image
  return compareNames(image, parseName(to, { like: image }).image)
}

const phrases: Readonly<Record<ImageComparison['order'], string>> = {
  same: 'has the same version as',
  newer: 'is newer than',
  older: 'is older than',
  mixed: 'is newer in one part and older in another than',
  unknown: 'cannot be compared with',
}

function comparisonLines(from: string, to: string, { differs, order }: ImageComparison): string[] {
  const lines = [`${to} ${phrases[order]} ${from}`]
  return differs.length === 0 ? lines : [...lines, `they are different images, by: ${differs.join(', ')}`]
}
