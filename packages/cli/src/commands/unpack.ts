import { type Architecture, architectures } from '@kiln/contract'
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

interface UnpackCommandOptions extends OutputOptions {
  readonly file?: string
  readonly arch: Architecture
  readonly cache?: string
  readonly yes?: boolean
}

export function addUnpackCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('unpack')
    .summary('take a container image apart')
    .description(
      'Unpacks a published image into a new folder: a system with its owners, modes and capabilities, or what is carried in an ' +
        'image, such as the .img of a board. REF is a name in a registry, or oci-layout:DIR[:TAG], oci-archive:FILE, ' +
        'docker-archive:FILE. With --file only one file comes out, and OUT may be its new name.',
    )
    .argument('REF', 'the image')
    .argument('<OUT>', 'new or empty folder; with --file a folder, or the name of the file')
    .option('--file <path>', 'only this file, by its path in the image')
    .addOption(
      new Option('--arch <arch>', 'which one, where there are several')
        .choices(architectures)
        .default('amd64'),
    )
    .addOption(cacheOption())
    .addOption(yesOption())
    .addOption(jsonOption())
    .addOption(progressOption())
    .action(async (reference: string, out: string, options: UnpackCommandOptions) => {
      done(await runCommand(session, options, (context) => unpack(reference, out, options, context)))
    })
  example(
    command,
    'kiln unpack quay.io/kairos/debian:13-core-amd64-generic-v4.0.0 root',
    'kiln unpack registry.example.org/team/boards:rpi4 . --file /kairos.img --arch arm64',
  )
}

async function unpack(
  reference: string,
  out: string,
  options: UnpackCommandOptions,
  context: CommandContext,
): Promise<Outcome> {
  const { file, arch, yes = false } = options
  await ensureHostTools(['build'], context, yes)
  const factory = await import('@kiln/factory/registry/unpack-image')
  const result = await factory.unpackImage({
    reference,
    out,
    arch,
    ...workFor(options, context),
    ...(file === undefined ? {} : { file }),
  })
  return { result, lines: [result.path] }
}
