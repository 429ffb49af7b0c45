import type { Command } from 'commander'
import { openDefinition } from '../definition.ts'
import { ensureHostTools } from '../host-packages.ts'
import { keysPassword } from '../keys-password.ts'
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

interface PushCommandOptions extends OutputOptions {
  readonly cache?: string
  readonly image?: string
  readonly frozen?: boolean
  readonly yes?: boolean
}

export function addPushCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('push')
    .summary('put images into a registry')
    .description(
      'Builds what is missing and puts each image into a registry: a container image that docker run and FROM accept, and bound ' +
        'to it the payload that kiln-agent upgrade takes. Where img-oci is among the artifacts, the disk of the board goes beside it, ' +
        'under the same tag with -img behind it. Without a tag in REF, each image gets its own. Prints the names with ' +
        'their digests. Credentials come from where docker login and podman login put them.',
    )
    .argument('REF', 'name in the registry: <registry>/<name>[:<tag>]')
    .argument('[DIR]', 'folder of the kiln.yaml, or the file itself', '.')
    .option('--image <text>', 'only the images whose name contains this')
    .addOption(cacheOption())
    .option('--frozen', 'fail where kiln.lock does not fit the kiln.yaml, instead of asking the archives')
    .addOption(yesOption())
    .addOption(jsonOption())
    .addOption(progressOption())
    .action(async (reference: string, folder: string, options: PushCommandOptions) => {
      done(await runCommand(session, options, (context) => push(reference, folder, options, context)))
    })
  example(command, 'kiln push registry.example.org/team/debian examples/debian')
}

async function push(
  reference: string,
  folder: string,
  options: PushCommandOptions,
  context: CommandContext,
): Promise<Outcome> {
  const definition = await openDefinition(folder)
  await ensureHostTools(['build'], context, options.yes ?? false)
  const factory = await import('@kiln/factory/registry/push')
  const result = await factory.push({
    definition,
    reference,
    ...workFor(options, context),
    rebuild: false,
    frozen: options.frozen ?? false,
    ...(await keysPassword(definition, context.session)),
    ...(options.image === undefined ? {} : { image: options.image }),
  })
  return { result, lines: result.images.map((pushed) => `${pushed.reference}@${pushed.digest}`) }
}
