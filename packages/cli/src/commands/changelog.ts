import type { ChangelogEntry, ChangelogSection } from '@kiln/factory/diff/changelog'
import type { Command } from 'commander'
import { example, jsonOption } from '../options.ts'
import type { Done } from '../program.ts'
import { type Outcome, type OutputOptions, runCommand, type Session } from '../session.ts'

export function addChangelogCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('changelog')
    .summary('list by component what changed')
    .description(
      'Lists by component what changed between two kiln.lock or two payloads, as Markdown for the page of a release.',
    )
    .argument('<FROM>', 'a kiln.lock, the folder of a payload, or its payload.json')
    .argument('<TO>', 'another one, of the same kind')
    .addOption(jsonOption())
    .action(async (from: string, to: string, options: OutputOptions) => {
      done(await runCommand(session, options, () => changelog(from, to)))
    })
  example(command, 'kiln changelog kiln.lock.old kiln.lock')
}

async function changelog(from: string, to: string): Promise<Outcome> {
  const { diff } = await import('@kiln/factory/diff/subject')
  const { changelogOf } = await import('@kiln/factory/diff/changelog')
  const sections = changelogOf(await diff(from, to))
  const lines = sections.length === 0 ? ['Nothing changed.'] : sections.flatMap(sectionLines)
  return { result: { sections }, lines }
}

function sectionLines({ component, entries }: ChangelogSection, index: number): string[] {
  return [...(index === 0 ? [] : ['']), `## ${component}`, '', ...entries.map(entryLine)]
}

function entryLine({ what, from, to }: ChangelogEntry): string {
  if (from === undefined) return `- ${what}: new, ${to}`
  return to === undefined ? `- ${what}: gone, was ${from}` : `- ${what}: ${from} → ${to}`
}
