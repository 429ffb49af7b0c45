import type { Command } from 'commander'
import { example, jsonOption } from '../../options.ts'
import type { Done } from '../../program.ts'
import { type Outcome, type OutputOptions, runCommand, type Session } from '../../session.ts'
import { now } from './options.ts'

interface CheckCommandOptions extends OutputOptions {
  readonly policy?: string
}

export function addReleaseCheckCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('check')
    .summary('whether a release is whole')
    .description(
      'Reads all of a release, made or published: every file by its digest, every signature, every check that is required. Says all ' +
        'that is missing, not the first of it. Needs no network. Exit code 0 where it is whole, 5 where not.',
    )
    .argument('[DIR]', 'folder of the release', 'release')
    .option('--policy <file>', 'policy with the public keys, one of which must have signed')
    .addOption(jsonOption())
    .action(async (folder: string, options: CheckCommandOptions) => {
      done(await runCommand(session, options, () => check(folder, options, session)))
    })
  example(command, 'kiln release check release --policy policy.yaml')
}

async function check(folder: string, { policy }: CheckCommandOptions, { signal }: Session): Promise<Outcome> {
  const { checkRelease, releaseError } = await import('@kiln/factory/release/check')
  const { readPolicy } = await import('@kiln/factory/sign/policy')
  const trusted = policy === undefined ? undefined : readPolicy(policy)
  const { release, digest, problems } = await checkRelease(folder, {
    policy: trusted,
    today: now().slice(0, 10),
    signal,
  })
  const { name, version, artifacts, required } = release
  const result = { name, version, digest, artifacts: artifacts.length, required, problems }
  const error = releaseError(folder, problems)
  if (error) return { result, lines: [], error }
  return {
    result,
    lines: [`${name} ${version} is whole: ${artifacts.length} artifacts, ${required.join(', ')}`],
  }
}
