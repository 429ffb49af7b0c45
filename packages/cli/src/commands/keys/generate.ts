import { KilnError } from '@kiln/contract'
import type { Command } from 'commander'
import { example, wholeNumber } from '../../options.ts'
import type { Done } from '../../program.ts'
import { type CommandContext, type Outcome, runCommand, type Session } from '../../session.ts'
import { type KeyCommandOptions, withKeyOptions, workOnKeys } from './options.ts'

interface GenerateCommandOptions extends KeyCommandOptions {
  readonly out: string
  readonly days: number
  readonly microsoft: boolean
  readonly unencrypted?: boolean
}

export function addGenerateCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('generate')
    .summary('make keys for Secure Boot and measured boot')
    .description(
      'Makes the keys PK, KEK and db with their certificates, the updates that enrol them, and the key that signs states of ' +
        'PCR 11. Microsoft is trusted beside them, since the firmware of graphics and network cards is often signed by it, and ' +
        'some machines do not start without; --no-microsoft leaves it out. Private keys are encrypted with the password. ' +
        'Nothing is ever overwritten.',
    )
    .argument('<NAME>', 'name in the certificates: <NAME>-PK, <NAME>-KEK, <NAME>-db')
    .option('-o, --out <folder>', 'where the keys go', 'keys')
    .option('--days <number>', 'how long the certificates last', wholeNumber(1, 36_500), 3650)
    .option('--no-microsoft', 'trust nobody else; only for machines that are known to start like that')
    .option('--unencrypted', 'leave the private keys open to whoever reads the files')
  withKeyOptions(command).action(async (name: string, options: GenerateCommandOptions) => {
    done(await runCommand(session, options, (context) => generate(name, options, context)))
  })
  example(
    command,
    'kiln keys generate my-fleet --password-file ~/.kiln-password',
    'kiln keys generate lab --no-microsoft --unencrypted -o lab-keys',
  )
}

async function generate(
  name: string,
  options: GenerateCommandOptions,
  context: CommandContext,
): Promise<Outcome> {
  const { generateKeys, readKeysPassword } = await import('@kiln/factory/secure-boot/keys')
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,40}$/.test(name)) {
    throw new KilnError('E-USAGE', `"${name}" is no name for keys`, {
      hint: 'letters, digits, dots, underscores and hyphens, at most 41 characters',
    })
  }
  const password = readKeysPassword(options.passwordFile, context.session.env)
  if (options.unencrypted !== true && password === undefined) {
    throw new KilnError('E-KEYS-PASSWORD', 'there is no password to encrypt the private keys with', {
      hint: '--password-file FILE, KILN_KEYS_PASSWORD_FILE=FILE, or --unencrypted where the folder is safe by itself',
    })
  }
  const { out: folder, days, microsoft } = options
  await workOnKeys(folder, options.unencrypted ? undefined : password, options, context, (work) =>
    generateKeys({ name, days, microsoft }, work),
  )
  return {
    result: { folder, name, microsoft, encrypted: options.unencrypted !== true },
    lines: [
      `made keys in ${folder}: PK, KEK, db, and the one for PCR 11`,
      'keep PK.key and KEK.key away from build machines: only db.key and tpm2-pcr-private.pem are needed to build',
    ],
  }
}
