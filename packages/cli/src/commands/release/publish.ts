import type { Command } from 'commander'
import { example, jsonOption } from '../../options.ts'
import type { Done } from '../../program.ts'
import {
  type CommandContext,
  type Outcome,
  type OutputOptions,
  runCommand,
  type Session,
} from '../../session.ts'
import { now } from './options.ts'

interface PublishCommandOptions extends OutputOptions {
  readonly to: string
  readonly policy?: string
  readonly dryRun?: boolean
}

export function addPublishCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('publish')
    .summary('bring a release to where people get it')
    .description(
      'Checks a release, and brings it into a store: a folder that any web server hands out, with a page for people. The index of ' +
        'the store is written last, so that nobody sees half a release. Can be repeated; what is there is not written again. What ' +
        'is not whole is not published.',
    )
    .argument('[DIR]', 'folder of the release', 'release')
    .requiredOption('--to <dir>', 'folder of the store')
    .option('--policy <file>', 'policy with the public keys, one of which must have signed')
    .option('--dry-run', 'check, and say where it would go')
    .addOption(jsonOption())
    .action(async (folder: string, options: PublishCommandOptions) => {
      done(await runCommand(session, options, (context) => publish(folder, options, context)))
    })
  example(command, 'kiln release publish release --to /srv/releases --policy policy.yaml')
}

async function publish(
  folder: string,
  { to, policy, dryRun = false }: PublishCommandOptions,
  { session, emit }: CommandContext,
): Promise<Outcome> {
  const { checkRelease, releaseError } = await import('@kiln/factory/release/check')
  const { publishRelease } = await import('@kiln/factory/release/store')
  const { readPolicy } = await import('@kiln/factory/sign/policy')
  const trusted = policy === undefined ? undefined : readPolicy(policy)
  const time = now()
  const { signal } = session
  const { release, problems } = await checkRelease(folder, {
    policy: trusted,
    today: time.slice(0, 10),
    signal,
  })
  const error = releaseError(folder, problems)
  if (error) throw error
  const { name, version, artifacts } = release
  if (dryRun) return { result: { name, version }, lines: [`would go to ${to}/${name}/${version}`] }
  const published = await publishRelease({
    release: folder,
    root: to,
    now: time,
    signal,
    progress: (file, finished, total) =>
      emit({ event: 'notice', level: 'info', message: `${finished} of ${total}: ${file}` }),
  })
  return {
    result: published,
    lines: [`${published.folder}: ${name} ${version}, ${artifacts.length} artifacts, ${published.digest}`],
  }
}
