import type { HandOver, KeyWork } from '@kiln/factory/secure-boot/keys'
import { type Command, Option } from 'commander'
import { ensureHostTools } from '../../host-packages.ts'
import { cacheOption, jsonOption, progressOption, yesOption } from '../../options.ts'
import type { CommandContext, OutputOptions } from '../../session.ts'
import { workFor } from '../../work.ts'

export interface KeyCommandOptions extends OutputOptions {
  readonly cache?: string
  readonly yes?: boolean
  readonly passwordFile?: string
}

/** Options of all commands that work with private keys. */
export function withKeyOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--password-file <file>',
        'the password of the private keys, in the first line of a file',
      ).env('KILN_KEYS_PASSWORD_FILE'),
    )
    .addOption(cacheOption())
    .addOption(yesOption())
    .addOption(jsonOption())
    .addOption(progressOption())
}

/** Runs work on a folder of keys, with the programs that it needs. */
export async function workOnKeys<T>(
  folder: string,
  password: string | undefined,
  options: KeyCommandOptions,
  { session, emit, ...rest }: CommandContext,
  work: (context: KeyWork) => Promise<T>,
): Promise<T> {
  await ensureHostTools(['build'], { session, emit, ...rest }, options.yes ?? false)
  const { withKeyWork } = await import('@kiln/factory/secure-boot/keys')
  return withKeyWork({ folder, password, ...workFor(options, { session, emit }) }, work)
}

/** What a person does next where a key is kept elsewhere. */
export function handOverLines(folder: string, handed: readonly HandOver[]): string[] {
  if (handed.length === 0) return []
  return [
    `to be signed where the key is, in ${folder}:`,
    ...handed.map(({ command }) => `  ${command}`),
    `then: kiln keys complete ${folder}`,
  ]
}
