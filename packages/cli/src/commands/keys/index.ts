import type { Command } from 'commander'
import { example } from '../../options.ts'
import type { Done } from '../../program.ts'
import type { Session } from '../../session.ts'
import { addCompleteCommand, addRevokeCommand, addRotateCommand } from './change.ts'
import { addCheckCommand } from './check.ts'
import { addGenerateCommand } from './generate.ts'

export function addKeysCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('keys')
    .summary('keys for Secure Boot and measured boot')
    .description('Makes, watches, renews and revokes the keys that sign what UEFI starts.')
    .helpCommand(false)
  example(command, 'kiln keys generate my-fleet --password-file ~/.kiln-password')
  for (const add of [
    addGenerateCommand,
    addCheckCommand,
    addRotateCommand,
    addRevokeCommand,
    addCompleteCommand,
  ])
    add(command, session, done)
}
