import type { Command } from 'commander'
import { example } from '../../options.ts'
import type { Done } from '../../program.ts'
import type { Session } from '../../session.ts'
import { addExplain } from './explain.ts'
import { addMerge } from './merge.ts'
import { addMigrate } from './migrate.ts'
import { addRender } from './render.ts'
import { addRun } from './run.ts'
import { addSchema } from './schema.ts'
import { addValidate } from './validate.ts'

/** One subcommand of `kiln cloud-config`. */
export type AddSubcommand = (parent: Command, session: Session, done: Done) => void

const subcommands: readonly AddSubcommand[] = [
  addValidate,
  addExplain,
  addMerge,
  addRender,
  addRun,
  addMigrate,
  addSchema,
]

export function addCloudConfigCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('cloud-config')
    .summary('check, explain, merge and migrate cloud-configs')
    .description(
      'Runs the engine that a node runs on its cloud-configs, on this machine and without changing anything.',
    )
    .helpCommand(false)
  example(
    command,
    'kiln cloud-config validate config.yaml',
    'kiln cloud-config explain install.device config/',
  )
  for (const add of subcommands) add(command, session, done)
}
