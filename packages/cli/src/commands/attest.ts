import { documentArtifacts } from '@kiln/contract'
import type { AttestationKind } from '@kiln/factory/sign/attest'
import { type Command, Option } from 'commander'
import { example, jsonOption } from '../options.ts'
import type { Done } from '../program.ts'
import { type Outcome, type OutputOptions, runCommand, type Session } from '../session.ts'

interface AttestCommandOptions extends OutputOptions {
  readonly key: string
  readonly type: AttestationKind
  readonly predicate: string
}

export function addAttestCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('attest')
    .summary('bind an SBOM or a provenance to artifacts')
    .description(
      'Attests something of files: a statement of in-toto with the digest of the file and the predicate, signed, as a Sigstore ' +
        'bundle beside it: <file>.spdx.json.att, <file>.cdx.json.att, <file>.att. Needs no network. cosign ' +
        'verify-blob-attestation takes the bundles, as kiln verify does with a policy that asks for them. The password of an ' +
        'encrypted key comes from COSIGN_PASSWORD. Prints the bundles.',
    )
    .argument('<FILE...>', 'artifacts')
    .requiredOption('--predicate <file>', 'what is attested: JSON, such as the SBOM that kiln build writes')
    .addOption(new Option('--type <type>', 'what it is').choices(documentArtifacts).makeOptionMandatory())
    .requiredOption('--key <file>', 'private key: PEM, or as cosign generate-key-pair writes it')
    .addOption(jsonOption())
    .action(async (files: string[], options: AttestCommandOptions) => {
      done(await runCommand(session, options, () => attest(files, options, session)))
    })
  example(command, 'kiln attest a.iso a.raw --type spdx --predicate a.spdx.json --key cosign.key')
}

async function attest(
  files: readonly string[],
  { key, type: kind, predicate }: AttestCommandOptions,
  { env }: Session,
): Promise<Outcome> {
  const { readPrivateKey } = await import('@kiln/factory/sign/keys')
  const { attestFiles, readPredicate } = await import('@kiln/factory/sign/sign')
  const claim = { kind, predicate: await readPredicate(predicate) }
  const attested = await attestFiles(files, claim, readPrivateKey(key, env.COSIGN_PASSWORD))
  return { result: { attested }, lines: attested.map(({ bundle }) => bundle) }
}
