import type { Command } from 'commander'
import { example } from '../../options.ts'
import type { Done } from '../../program.ts'
import type { Session } from '../../session.ts'
import { addCustomizeCommand } from './customize.ts'

export function addIsoCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('iso')
    .summary('change an ISO')
    .description('Changes an ISO that was built before.')
  command.helpCommand(false)
  example(command, 'kiln iso customize release.iso --cloud-config node-7.yaml -o node-7.iso')
  addCustomizeCommand(command, session, done)
}
