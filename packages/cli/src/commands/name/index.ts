import type { Command } from 'commander'
import { example } from '../../options.ts'
import type { Done } from '../../program.ts'
import type { Session } from '../../session.ts'
import { addCompare } from './compare.ts'
import { addFormat } from './format.ts'
import { addParse } from './parse.ts'
import { addUpgrades } from './upgrades.ts'

/** One subcommand of `kiln name`. */
export type AddSubcommand = (parent: Command, session: Session, done: Done) => void

const subcommands: readonly AddSubcommand[] = [addParse, addFormat, addCompare, addUpgrades]

export function addNameCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('name')
    .summary('read, form and compare names of images')
    .description(
      'Names of images, tags and files as the field forms them (docs/names.md). Looks at nothing but the names: no file and no ' +
        'registry.',
    )
    .helpCommand(false)
  example(
    command,
    'kiln name parse kairos-debian-13-core-amd64-generic-v0.1.0.iso',
    'kiln name upgrades quay.io/kairos/debian:13-core-amd64-generic-v0.1.0 < tags.txt',
  )
  for (const add of subcommands) add(command, session, done)
}
