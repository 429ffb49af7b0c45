import type { Command } from 'commander'
import { example, jsonOption } from '../../options.ts'
import type { Done } from '../../program.ts'
import { type Outcome, type OutputOptions, runCommand, type Session } from '../../session.ts'
import { now } from './options.ts'

interface PromoteCommandOptions extends OutputOptions {
  readonly to: string
  readonly channel: string
  readonly rules?: string
}

export function addPromoteCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('promote')
    .summary('point a channel to a release')
    .description(
      'Points a channel to a published release, by its digest, where the rules allow it: how long it must have been in the channel ' +
        'before, and which checks must have passed. The store keeps where each channel pointed.',
    )
    .argument('NAME', 'name of the product')
    .argument('VERSION', 'a published version')
    .requiredOption('--to <dir>', 'folder of the store')
    .requiredOption('--channel <name>', 'edge, beta, stable, or one of the rules')
    .option(
      '--rules <file>',
      'YAML with the channels in their order (default: edge, beta, stable, without conditions)',
    )
    .addOption(jsonOption())
    .action(async (name: string, version: string, options: PromoteCommandOptions) => {
      done(await runCommand(session, options, () => promote(name, version, options, session)))
    })
  example(command, 'kiln release promote fleet v1.2.0 --channel beta --to /srv/releases --rules rules.yaml')
}

async function promote(
  name: string,
  version: string,
  { to, channel, rules }: PromoteCommandOptions,
  { signal }: Session,
): Promise<Outcome> {
  const { promoteRelease } = await import('@kiln/factory/release/store')
  const { readRules, usualRules } = await import('@kiln/factory/release/rules')
  const move = { root: to, name, version, now: now(), signal }
  const from = await promoteRelease(move, channel, rules === undefined ? usualRules : readRules(rules))
  const before = from === undefined || from === version ? '' : `, before ${from}`
  return { result: { name, version, channel, from }, lines: [`${channel}: ${name} ${version}${before}`] }
}

interface YankCommandOptions extends OutputOptions {
  readonly to: string
  readonly why: string
}

export function addYankCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('yank')
    .summary('withdraw a release')
    .description(
      'Marks a published release as withdrawn, with the reason. Its files stay; channels that pointed to it go back to the last ' +
        'one before that was not withdrawn.',
    )
    .argument('NAME', 'name of the product')
    .argument('VERSION', 'a published version')
    .requiredOption('--to <dir>', 'folder of the store')
    .requiredOption('--why <text>', 'the reason, for whoever runs it')
    .addOption(jsonOption())
    .action(async (name: string, version: string, options: YankCommandOptions) => {
      done(await runCommand(session, options, () => yank(name, version, options, session)))
    })
  example(command, 'kiln release yank fleet v1.2.0 --why "loses its network" --to /srv/releases')
}

async function yank(
  name: string,
  version: string,
  { to, why }: YankCommandOptions,
  { signal }: Session,
): Promise<Outcome> {
  const { yankRelease } = await import('@kiln/factory/release/store')
  const index = await yankRelease({ root: to, name, version, now: now(), signal }, why)
  const channels = Object.entries(index.channels).map(
    ([channel, [present]]) => `${channel}: ${present?.version}`,
  )
  return { result: index, lines: [`${name} ${version} is withdrawn: ${why}`, ...channels] }
}
