import { errorFromFindings, type Finding } from '@kiln/contract'
import type { Reproduction } from '@kiln/factory'
import type { Command } from 'commander'
import { openDefinition } from '../definition.ts'
import { ensureHostTools } from '../host-packages.ts'
import { keysPassword } from '../keys-password.ts'
import { cacheOption, example, jsonOption, progressOption, yesOption } from '../options.ts'
import type { Done } from '../program.ts'
import { type Outcome, type OutputOptions, runCommand, type Session } from '../session.ts'
import { workFor } from '../work.ts'
import { outFolder } from './build.ts'

interface ReproduceCommandOptions extends OutputOptions {
  readonly out?: string
  readonly cache?: string
  readonly image?: string
  readonly yes?: boolean
}

export function addReproduceCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('reproduce')
    .summary('build twice and compare')
    .description(
      'Builds as usual, then a second time from nothing but kiln.lock and the package files, and compares every result. ' +
        'Says what differs, down to the file. Exit code 0 where all is the same, 10 where not.',
    )
    .argument('[DIR]', 'folder of the kiln.yaml, or the file itself', '.')
    .option('--out <dir>', 'folder for the artifacts (default: dist beside the kiln.yaml)')
    .option('--image <text>', 'only the images whose name contains this')
    .addOption(cacheOption())
    .addOption(yesOption())
    .addOption(jsonOption())
    .addOption(progressOption())
    .action(async (folder: string, options: ReproduceCommandOptions) => {
      done(
        await runCommand(session, options, async (context) => {
          const definition = await openDefinition(folder)
          await ensureHostTools(['build'], context, options.yes ?? false)
          const { reproduce } = await import('@kiln/factory/reproduce/reproduce')
          const result = await reproduce({
            definition,
            out: outFolder(definition, options.out),
            ...workFor(options, context),
            ...(await keysPassword(definition, session)),
            ...(options.image === undefined ? {} : { image: options.image }),
          })
          return outcomeOf(result)
        }),
      )
    })
  example(command, 'kiln reproduce examples/debian')
}

function outcomeOf(result: Reproduction): Outcome {
  const lines = result.files.map(
    ({ name, first, same }) => `${same ? 'same     ' : 'different'} ${first} ${name}`,
  )
  const [first, ...rest] = result.differences.map(
    ({ place, what }): Finding => ({ code: 'E-NOT-REPRODUCED', message: `${place}: ${what}` }),
  )
  return first ? { result, lines, error: errorFromFindings([first, ...rest]) } : { result, lines }
}
