import { type Command, Option } from 'commander'
import { example, jsonOption } from '../options.ts'
import type { Done } from '../program.ts'
import { type Outcome, type OutputOptions, runCommand, type Session } from '../session.ts'

interface DiffOptions extends OutputOptions {
  readonly markdown?: boolean
}

export function addDiffCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('diff')
    .summary('say how two locks or payloads differ')
    .description(
      'Compares two kiln.lock or two payloads: versions of the system, kernel, Kubernetes, boot loader and agent, packages, ' +
        'files and their sizes, and what has to be fetched.',
    )
    .argument('<FROM>', 'a kiln.lock, the folder of a payload, or its payload.json')
    .argument('<TO>', 'another one, of the same kind')
    .addOption(new Option('--markdown', 'tables, for a page'))
    .addOption(jsonOption())
    .action(async (from: string, to: string, options: DiffOptions) => {
      done(await runCommand(session, options, () => showDiff(from, to, options)))
    })
  example(command, 'kiln diff kiln.lock.old kiln.lock', 'kiln diff --markdown payload-v1 payload-v2')
}

async function showDiff(from: string, to: string, { markdown = false }: DiffOptions): Promise<Outcome> {
  const { diff } = await import('@kiln/factory/diff/subject')
  const { diffLines, diffMarkdown } = await import('../diff-view.ts')
  const result = await diff(from, to)
  return { result, lines: markdown ? diffMarkdown(result) : diffLines(result) }
}
