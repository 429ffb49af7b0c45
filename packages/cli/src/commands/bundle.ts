import type { Command } from 'commander'
import { openDefinition } from '../definition.ts'
import { ensureHostTools } from '../host-packages.ts'
import { keysPassword } from '../keys-password.ts'
import { cacheOption, example, jsonOption, progressOption, yesOption } from '../options.ts'
import type { Done } from '../program.ts'
import { formatBytes } from '../report/format.ts'
import {
  type CommandContext,
  type Outcome,
  type OutputOptions,
  runCommand,
  type Session,
} from '../session.ts'
import { workFor } from '../work.ts'

interface BundleCommandOptions extends OutputOptions {
  readonly out: string
  readonly image?: string
  readonly dryRun?: boolean
  readonly frozen?: boolean
  readonly cache?: string
  readonly yes?: boolean
}

export function addBundleCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('bundle')
    .summary('put everything for a place without a network into one folder')
    .description(
      'Builds what is missing and writes one OCI image layout: each image with its payload, and the container images that ' +
        '"bundle" in the kiln.yaml names, pinned by kiln.lock. A bundle that is there is renewed: only what is new is written. ' +
        'kiln serve makes a registry of it.',
    )
    .argument('[DIR]', 'folder of the kiln.yaml, or the file itself', '.')
    .option('--out <dir>', 'new or empty folder, or a bundle to renew', 'bundle')
    .option('--image <text>', 'only the images whose name contains this')
    .option('--dry-run', 'say what would be in it')
    .option('--frozen', 'fail where kiln.lock does not fit the kiln.yaml, instead of asking')
    .addOption(cacheOption())
    .addOption(yesOption())
    .addOption(jsonOption())
    .addOption(progressOption())
    .action(async (folder: string, options: BundleCommandOptions) => {
      done(await runCommand(session, options, (context) => bundle(folder, options, context)))
    })
  example(command, 'kiln bundle examples/debian --out /mnt/usb/bundle', 'kiln serve /mnt/usb/bundle')
}

async function bundle(
  folder: string,
  options: BundleCommandOptions,
  context: CommandContext,
): Promise<Outcome> {
  const definition = await openDefinition(folder)
  await ensureHostTools(['build'], context, options.yes ?? false)
  const factory = await import('@kiln/factory/bundle/bundle')
  const result = await factory.bundle({
    definition,
    out: options.out,
    ...workFor(options, context),
    rebuild: false,
    dryRun: options.dryRun ?? false,
    frozen: options.frozen ?? false,
    ...(await keysPassword(definition, context.session)),
    ...(options.image === undefined ? {} : { image: options.image }),
  })
  const images = result.images.map(({ reference, digest }) => (digest ? `${reference}@${digest}` : reference))
  const { bundle: written } = result
  const summary = written
    ? [
        `${written.folder}: ${formatBytes(written.size)}, ${formatBytes(written.added)} of it new, ${written.digest}`,
      ]
    : []
  return { result, lines: [...images, ...summary] }
}
