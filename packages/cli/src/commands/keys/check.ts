import type { KeyCheck } from '@kiln/factory/secure-boot/keys'
import type { Command } from 'commander'
import { example, jsonOption, wholeNumber } from '../../options.ts'
import type { Done } from '../../program.ts'
import { type Outcome, type OutputOptions, runCommand, type Session } from '../../session.ts'

interface CheckCommandOptions extends OutputOptions {
  readonly within: number
}

export function addCheckCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('check')
    .summary('look at keys, and say when they end')
    .description(
      'Says of each key whether it is here, and when its certificate ends. Exit code 5 where one ends within --within days: for ' +
        'a timer that watches. Opens no private key.',
    )
    .argument('[FOLDER]', 'the folder of the keys', 'keys')
    .option('--within <days>', 'how many days are an alarm', wholeNumber(0, 36_500), 30)
    .addOption(jsonOption())
    .action(async (folder: string, options: CheckCommandOptions) => {
      done(await runCommand(session, options, () => check(folder, options)))
    })
  example(command, 'kiln keys check', 'kiln keys check /etc/keys --within 90')
}

async function check(folder: string, { within }: CheckCommandOptions): Promise<Outcome> {
  const { checkKeys, expiryError, expiryText } = await import('@kiln/factory/secure-boot/keys')
  const found: KeyCheck = await checkKeys(folder, new Date())
  const error = expiryError(found, folder, within)
  const lines = found.keys.map(({ role, daysLeft, digest, hasPrivateKey }) => {
    const end = daysLeft === undefined ? 'does not end' : expiryText(daysLeft)
    return `${role.padEnd(4)} ${end}, ${hasPrivateKey ? 'private key here' : 'private key elsewhere'}, ${digest}`
  })
  const waiting = found.waiting.map(
    (name) => `${name} waits to be signed elsewhere: kiln keys complete ${folder}`,
  )
  return { result: found, lines: [...lines, ...waiting], ...(error ? { error } : {}) }
}
