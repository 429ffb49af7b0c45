import { definitionJsonSchema } from '@kiln/contract/definition'
import type { Command } from 'commander'
import { example } from '../options.ts'
import type { Done } from '../program.ts'
import { runCommand, type Session } from '../session.ts'

export function addSchemaCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('schema')
    .summary('print the JSON Schema of kiln.yaml')
    .description(
      'Prints the JSON Schema (draft 2020-12) of kiln.yaml. An editor completes and checks with it, for example by the line\n' +
        '# yaml-language-server: $schema=kiln.schema.json',
    )
    .action(async () => {
      const schema = definitionJsonSchema()
      done(
        await runCommand(session, {}, async () => ({
          result: schema,
          lines: [JSON.stringify(schema, undefined, 2)],
        })),
      )
    })
  example(command, 'kiln schema > kiln.schema.json')
}
