import { channelRelease } from '@kiln/contract/release/channels'
import type { Command } from 'commander'
import { example, jsonOption } from '../../options.ts'
import type { Done } from '../../program.ts'
import { type Outcome, type OutputOptions, runCommand, type Session } from '../../session.ts'

interface ListCommandOptions extends OutputOptions {
  readonly to: string
}

export function addListCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('list')
    .summary('what a store has')
    .description('Prints the releases of a product, the newest first, and where its channels point.')
    .argument('NAME', 'name of the product')
    .requiredOption('--to <dir>', 'folder of the store')
    .addOption(jsonOption())
    .action(async (name: string, options: ListCommandOptions) => {
      done(await runCommand(session, options, () => list(name, options)))
    })
  example(command, 'kiln release list fleet --to /srv/releases')
}

async function list(name: string, { to }: ListCommandOptions): Promise<Outcome> {
  const { readStoreIndex } = await import('@kiln/factory/release/store')
  const index = await readStoreIndex(to, name)
  const channelsOf = (version: string) =>
    Object.keys(index.channels).filter((channel) => channelRelease(index, channel)?.version === version)
  const lines = index.releases.map(({ version, published, artifacts, yanked }) =>
    [
      version,
      published,
      `${artifacts} artifacts`,
      ...channelsOf(version),
      ...(yanked ? [`withdrawn: ${yanked.why}`] : []),
    ].join('  '),
  )
  return { result: index, lines }
}
