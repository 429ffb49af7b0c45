import type { HandOver, KeyWork } from '@kiln/factory/secure-boot/keys'
import { Argument, type Command } from 'commander'
import { example, wholeNumber } from '../../options.ts'
import type { Done } from '../../program.ts'
import { type CommandContext, type Outcome, runCommand, type Session } from '../../session.ts'
import { handOverLines, type KeyCommandOptions, withKeyOptions, workOnKeys } from './options.ts'

interface RotateCommandOptions extends KeyCommandOptions {
  readonly days: number
}

type RotatedRole = 'PK' | 'KEK' | 'db' | 'pcr'

export function addRotateCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('rotate')
    .summary('renew a key')
    .description(
      'Makes another key for a role, and the updates that firmware needs to know it. What was signed with the one before still ' +
        'starts, until that is revoked. The key before goes to the folder "retired". Where the key that signs an update is kept ' +
        'elsewhere, it says what to run there.',
    )
    .addArgument(new Argument('<ROLE>', 'which key').choices(['PK', 'KEK', 'db', 'pcr']))
    .argument('[FOLDER]', 'the folder of the keys', 'keys')
    .option('--days <number>', 'how long the certificate lasts', wholeNumber(1, 36_500), 3650)
  withKeyOptions(command).action(async (role: RotatedRole, folder: string, options: RotateCommandOptions) => {
    done(
      await runCommand(session, options, (context) =>
        change(folder, options, context, `renewed ${role}`, async (work) => {
          const { rotateKey } = await import('@kiln/factory/secure-boot/keys')
          return rotateKey(role, options.days, work)
        }),
      ),
    )
  })
  example(command, 'kiln keys rotate db')
}

export function addRevokeCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('revoke')
    .summary('refuse a certificate or a program from now on')
    .description(
      'Puts a certificate, or the digest of a program for UEFI, into dbx: firmware that takes that update starts nothing of it ' +
        'any more. A certificate leaves db, too.',
    )
    .argument('<FILE>', 'a certificate (.pem) or a program (.efi)')
    .argument('[FOLDER]', 'the folder of the keys', 'keys')
  withKeyOptions(command).action(async (file: string, folder: string, options: KeyCommandOptions) => {
    done(
      await runCommand(session, options, (context) =>
        change(folder, options, context, `revoked ${file}`, async (work) => {
          const { revoke } = await import('@kiln/factory/secure-boot/keys')
          return revoke(file, work)
        }),
      ),
    )
  })
  example(command, 'kiln keys revoke keys/further/db/before-0123456789ab.pem')
}

export function addCompleteCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('complete')
    .summary('take in what was signed elsewhere')
    .description(
      'Checks the signatures in the folder "signatures" and joins them with the updates that wait for them.',
    )
    .argument('[FOLDER]', 'the folder of the keys', 'keys')
  withKeyOptions(command).action(async (folder: string, options: KeyCommandOptions) => {
    done(await runCommand(session, options, (context) => complete(folder, options, context)))
  })
  example(command, 'kiln keys complete')
}

async function complete(
  folder: string,
  options: KeyCommandOptions,
  context: CommandContext,
): Promise<Outcome> {
  const { completeKeys } = await import('@kiln/factory/secure-boot/keys')
  const completed = await workOnKeys(folder, undefined, options, context, completeKeys)
  const line = completed.length === 0 ? 'nothing waits' : `completed ${completed.join(', ')}`
  return { result: { folder, completed }, lines: [line] }
}

async function change(
  folder: string,
  options: KeyCommandOptions,
  context: CommandContext,
  line: string,
  work: (context: KeyWork) => Promise<HandOver[]>,
): Promise<Outcome> {
  const { readKeysPassword, requirePassword } = await import('@kiln/factory/secure-boot/keys')
  const password = readKeysPassword(options.passwordFile, context.session.env)
  requirePassword(folder, password)
  const handed = await workOnKeys(folder, password, options, context, work)
  return { result: { folder, waiting: handed }, lines: [line, ...handOverLines(folder, handed)] }
}
