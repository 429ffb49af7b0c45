import type { Command } from 'commander'
import { openDefinition } from '../definition.ts'
import { ensureHostTools } from '../host-packages.ts'
import { cacheOption, example, jsonOption, progressOption, yesOption } from '../options.ts'
import type { Done } from '../program.ts'
import { type OutputOptions, runCommand, type Session } from '../session.ts'
import { workFor } from '../work.ts'

interface LockCommandOptions extends OutputOptions {
  readonly cache?: string
  readonly yes?: boolean
}

export function addLockCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('lock')
    .summary('take the newest packages into kiln.lock')
    .description(
      'Asks the archives for their newest packages and writes kiln.lock beside the kiln.yaml. Builds take exactly what the ' +
        'lock says until this is run again; a lock that is missing is written by the first build. What the definition does not ask ' +
        'for any more, such as an image that is gone, is dropped.',
    )
    .argument('[DIR]', 'folder of the kiln.yaml, or the file itself', '.')
    .addOption(cacheOption())
    .addOption(yesOption())
    .addOption(jsonOption())
    .addOption(progressOption())
    .action(async (folder: string, options: LockCommandOptions) => {
      done(
        await runCommand(session, options, async (context) => {
          const definition = await openDefinition(folder)
          await ensureHostTools(['build'], context, options.yes ?? false)
          const { renewLock } = await import('@kiln/factory/bundle/renew-lock')
          const result = await renewLock({ definition, ...workFor(options, context) })
          return { result, lines: [result.changed ? result.file : `${result.file} is up to date`] }
        }),
      )
    })
  example(command, 'kiln lock examples/debian')
}
