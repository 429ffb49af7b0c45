import type { Command } from 'commander'
import { createProgram } from '../program.ts'
import type { Session } from '../session.ts'

/** docs/reference/cli.md: the help text of every command. */
export async function commandReference(): Promise<string> {
  const program = await createProgram(silentSession(), () => {})
  return `${[
    '# Commands',
    '<!-- Made by packages/cli/src/docs.ts from the commands themselves. Do not edit. -->',
    'The result of a command goes to standard output, everything else to standard error. With `--json`, standard output has\n' +
      'one JSON object a line: events as they come, and last an object with the key `result` or `error`:\n' +
      '[events.md](events.md). Exit codes: [exit-codes.md](exit-codes.md).',
    'Environment: `KILN_CACHE` is the folder for what is kept between builds (otherwise `kiln` in `XDG_CACHE_HOME` or\n' +
      '`~/.cache`); `NO_COLOR` turns colours off; `CI` and `TERM=dumb` give lines in place of the live display.',
    ...withAllBelow(program).map(section),
  ].join('\n\n')}\n`
}

function withAllBelow(command: Command): Command[] {
  const below = command.commands.filter((each) => each.name() !== 'help')
  return [command, ...below.flatMap(withAllBelow)]
}

function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()
}

function section(command: Command): string {
  return `## ${nameOf(command)}\n\n\`\`\`text\n${helpText(command).trimEnd()}\n\`\`\``
}

/** What `--help` prints, the examples included. */
export function helpText(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut(part) {
      text += part
    },
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  return text
}

/** For reading the commands, not for running them. */
function silentSession(): Session {
  const { stdout, stderr, stdin } = process
  return { env: {}, stdout, stderr, stdin, signal: new AbortController().signal }
}
