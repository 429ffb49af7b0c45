import type { Command } from 'commander'
import { example, jsonOption } from '../options.ts'
import type { Done } from '../program.ts'
import { type Outcome, type OutputOptions, runCommand, type Session } from '../session.ts'

interface SignCommandOptions extends OutputOptions {
  readonly key: string
}

export function addSignCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('sign')
    .summary('sign artifacts')
    .description(
      'Signs files, each with a Sigstore bundle beside it: <file>.sigstore.json. Of a folder, all files directly in it: artifacts, ' +
        'checksums, bills of materials. Needs no network. cosign verify-blob takes the bundles, as kiln verify --policy does. The ' +
        'password of an encrypted key comes from COSIGN_PASSWORD. Prints the bundles.',
    )
    .argument('<FILE...>', 'files, or folders of files')
    .requiredOption('--key <file>', 'private key: PEM, or as cosign generate-key-pair writes it')
    .addOption(jsonOption())
    .action(async (files: string[], options: SignCommandOptions) => {
      done(await runCommand(session, options, () => sign(files, options, session)))
    })
  example(command, 'kiln sign dist --key cosign.key')
}

async function sign(
  files: readonly string[],
  { key }: SignCommandOptions,
  { env }: Session,
): Promise<Outcome> {
  const { readPrivateKey } = await import('@kiln/factory/sign/keys')
  const { signFiles } = await import('@kiln/factory/sign/sign')
  const signed = await signFiles(files, readPrivateKey(key, env.COSIGN_PASSWORD))
  return { result: { signed }, lines: signed.map(({ bundle }) => bundle) }
}
