import { type Command, Option } from 'commander'
import { jsonOption } from '../options.ts'

/** The arguments and options that all of `kiln cloud-config` share. */
export function withInputs(command: Command): Command {
  return command
    .addOption(new Option('--lenient', 'unknown keys are warnings, as they are to Kairos'))
    .addOption(new Option('--cmdline <text>', 'kernel command line, which counts for most'))
    .addOption(
      new Option(
        '--provider-block <name>',
        'top-level block that a provider reads; may be repeated',
      ).argParser((name: string, before: readonly string[] = []) => [...before, name]),
    )
    .addOption(jsonOption())
}

export const filesArgument =
  'files, folders, http addresses, or - for standard input; later ones count for more'
