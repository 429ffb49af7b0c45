import { architectures } from '@kiln/contract'
import { type Command, Option } from 'commander'
import { ensureHostTools } from '../host-packages.ts'
import { cacheOption, example, jsonOption, progressOption, yesOption } from '../options.ts'
import type { Done } from '../program.ts'
import {
  type CommandContext,
  type Outcome,
  type OutputOptions,
  runCommand,
  type Session,
} from '../session.ts'
import { workFor } from '../work.ts'

interface PullCommandOptions extends OutputOptions {
  readonly out: string
  readonly arch?: string
  readonly cache?: string
  readonly yes?: boolean
}

export function addPullCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('pull')
    .summary('get a payload out of a registry')
    .description(
      'Gets the payload of an image that kiln push put into a registry, as files in a folder of its own: what kiln-agent takes as ' +
        'dir:FOLDER, where there is no registry. Every file is checked by its digest.',
    )
    .argument('REF', 'name in the registry: <registry>/<name>[:<tag>][@<digest>]')
    .option('--out <dir>', 'folder that gets the folder of the payload', '.')
    .addOption(new Option('--arch <arch>', 'which one, where there are several').choices(architectures))
    .addOption(cacheOption())
    .addOption(yesOption())
    .addOption(jsonOption())
    .addOption(progressOption())
    .action(async (reference: string, options: PullCommandOptions) => {
      done(await runCommand(session, options, (context) => pull(reference, options, context)))
    })
  example(command, 'kiln pull registry.example.org/team/debian:13-core-amd64-generic-v0.1.0 --out /tmp')
}

async function pull(
  reference: string,
  options: PullCommandOptions,
  context: CommandContext,
): Promise<Outcome> {
  await ensureHostTools(['build'], context, options.yes ?? false)
  const factory = await import('@kiln/factory/registry/pull')
  const result = await factory.pull({
    reference,
    out: options.out,
    ...workFor(options, context),
    ...(options.arch === undefined ? {} : { arch: options.arch }),
  })
  return { result, lines: [result.folder] }
}
