import type { Command } from 'commander'
import { example } from '../../options.ts'
import type { Done } from '../../program.ts'
import type { Session } from '../../session.ts'
import { addReleaseCheckCommand } from './check.ts'
import { addListCommand } from './list.ts'
import { addMakeCommand } from './make.ts'
import { addPromoteCommand, addYankCommand } from './move.ts'
import { addReleasePlanCommand } from './plan.ts'
import { addPublishCommand } from './publish.ts'

export function addReleaseCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('release')
    .summary('releases that are whole')
    .description(
      'A release is a folder with artifacts and release.json, which says of each what was found out: passed, failed, not run, or ' +
        'waived. Makes it, checks it, publishes it, and moves the channels that people follow.',
    )
    .helpCommand(false)
  example(command, 'kiln release make dist --name fleet --key kiln.key --out release')
  for (const add of [
    addReleasePlanCommand,
    addMakeCommand,
    addReleaseCheckCommand,
    addPublishCommand,
    addPromoteCommand,
    addYankCommand,
    addListCommand,
  ])
    add(command, session, done)
}
