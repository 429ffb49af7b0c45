import type { Command } from 'commander'
import { example, jsonOption } from '../../options.ts'
import type { Done } from '../../program.ts'
import { type Outcome, type OutputOptions, runCommand, type Session } from '../../session.ts'
import { soundLine } from '../verify.ts'

interface CustomizeCommandOptions extends OutputOptions {
  readonly cloudConfig: string
  readonly out?: string
}

export function addCustomizeCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('customize')
    .summary('give an ISO another cloud-config')
    .description(
      'Puts another cloud-config on an ISO that kiln build made, without building anything, and verifies the result. All else ' +
        'stays as it was, byte for byte: what boots is what was released.',
    )
    .argument('<ISO>', 'the ISO; it is changed itself unless --out says another name')
    .requiredOption('--cloud-config <file>', 'the cloud-config for the medium')
    .option('-o, --out <file>', 'where the result goes')
    .addOption(jsonOption())
    .action(async (iso: string, options: CustomizeCommandOptions) => {
      done(await runCommand(session, options, () => customize(iso, options)))
    })
  example(command, 'kiln iso customize release.iso --cloud-config node-7.yaml -o node-7.iso')
}

async function customize(iso: string, { cloudConfig, out }: CustomizeCommandOptions): Promise<Outcome> {
  const { customizeIso } = await import('@kiln/factory/carriers/iso/customize')
  const { verification, ...result } = await customizeIso({ iso, cloudConfig, out })
  return { result, lines: [soundLine(verification)] }
}
