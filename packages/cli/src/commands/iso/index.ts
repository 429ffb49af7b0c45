import type { Command } from 'commander'
import type { Done } from '../../program.ts'
import type { Session } from '../../session.ts'
import { addCustomizeCommand } from './customize.ts'

export function addIsoCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('iso')
    .summary('change an ISO')
    .description('Changes an ISO that was built before.')
  addCustomizeCommand(command, session, done)
}
