import { cloudConfigJsonSchema } from '@kiln/contract/cloud-config/json-schema'
import { example } from '../../options.ts'
import { runCommand } from '../../session.ts'
import type { AddSubcommand } from './index.ts'

export const addSchema: AddSubcommand = (parent, session, done) => {
  const command = parent
    .command('schema')
    .summary('print the JSON Schema of cloud-configs')
    .description(
      'Prints the JSON Schema (draft 2020-12) of cloud-configs. An editor completes and checks with it, for example by the line\n' +
        '# yaml-language-server: $schema=cloud-config.schema.json',
    )
    .action(async () => {
      const schema = cloudConfigJsonSchema()
      const lines = [JSON.stringify(schema, undefined, 2)]
      done(await runCommand(session, {}, async () => ({ result: schema, lines })))
    })
  example(command, 'kiln cloud-config schema > cloud-config.schema.json')
}
