import { readFileSync } from 'node:fs'
import { errorFacts, exitCodes, KilnError } from '@kiln/contract'
import { warningFacts } from '@kiln/contract/cloud-config/warnings'
import type { Command } from 'commander'
import { choiceHint, example, jsonOption } from '../options.ts'
import type { Done } from '../program.ts'
import { type Outcome, runCommand, type Session } from '../session.ts'

const reference = new URL('../../../../docs/reference/errors.md', import.meta.url)

export function addExplainCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('explain')
    .summary('explain an error code')
    .description('Says what an error code means and what to do about it. Without a code, lists all of them.')
    .argument('[CODE]', 'error code, such as E-CONFIG-UNKNOWN-KEY')
    .addOption(jsonOption())
    .action(async (code: string | undefined, options: { readonly json?: boolean }) => {
      done(await runCommand(session, options, async () => (code === undefined ? list() : explain(code))))
    })
  example(command, 'kiln explain E-CONFIG-UNKNOWN-KEY')
}

function list(): Outcome {
  const codes = [
    ...Object.entries(errorFacts).map(([code, { exit, title }]) => ({ code, exit: exitCodes[exit], title })),
    ...Object.entries(warningFacts).map(([code, title]) => ({ code, exit: exitCodes.ok, title })),
  ]
  const width = Math.max(...codes.map(({ code }) => code.length))
  return { result: codes, lines: codes.map(({ code, title }) => `${code.padEnd(width)}  ${title}`) }
}

/** @throws KilnError E-USAGE where the code is unknown */
function explain(word: string): Outcome {
  const known = Object.keys({ ...errorFacts, ...warningFacts })
  const wanted = word.toUpperCase()
  const code = known.find((candidate) => [wanted, `E-${wanted}`, `W-${wanted}`].includes(candidate))
  if (code === undefined) {
    throw new KilnError('E-USAGE', `there is no error code ${word}`, { hint: choiceHint(wanted, known) })
  }
  const text = sectionOf(readFileSync(reference, 'utf8'), code)
  return { result: { code, text }, lines: [code, '', ...text.split('\n')] }
}

/** The text below the heading of a code, up to the next heading. */
export function sectionOf(markdown: string, code: string): string {
  const lines = markdown.split('\n')
  const start = lines.indexOf(`### ${code}`)
  if (start === -1) throw new Error(`docs/reference/errors.md has no section for ${code}`)
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith('#'))
  return lines
    .slice(start + 1, length === -1 ? undefined : start + 1 + length)
    .join('\n')
    .trim()
}
