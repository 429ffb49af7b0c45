import {
  listUpgrades,
  type NotOffered,
  type ParsedName,
  parseName,
  refusals,
  type UpgradeRules,
} from '@kiln/contract'
import { example, jsonOption } from '../../options.ts'
import { type Outcome, type OutputOptions, runCommand } from '../../session.ts'
import type { AddSubcommand } from './index.ts'
import { readWords } from './words.ts'

interface UpgradesOptions extends OutputOptions {
  readonly pre?: boolean
  readonly all?: boolean
  readonly why?: boolean
}

export const addUpgrades: AddSubcommand = (parent, session, done) => {
  const command = parent
    .command('upgrades')
    .summary('list the newer versions of an image')
    .description(
      'Of many names, those that can be offered to a node that runs an image, the newest first: the same flavor, release, variant, ' +
        'architecture, device and Kubernetes distribution, and nothing older in it. kiln-agent upgrade list does the same with the ' +
        'tags of a registry.',
    )
    .argument('<RUNNING>', 'name of the image that runs')
    .argument('[NAMES...]', 'tags or names; without any, one on each line of standard input')
    .option('--pre', 'versions that are no releases, too')
    .option('--all', 'older ones, too')
    .option('--why', 'say of each of the others why it is not offered')
    .addOption(jsonOption())
    .action(async (running: string, names: string[], options: UpgradesOptions) => {
      done(
        await runCommand(session, options, async () =>
          upgrades(running, await readWords(names, session.stdin), options),
        ),
      )
    })
  example(
    command,
    'kiln name upgrades quay.io/kairos/debian:13-core-amd64-generic-v0.1.0 < tags.txt',
    'kiln name upgrades --why 13-core-amd64-generic-v0.1.0 13-core-amd64-generic-v0.2.0-rc1',
  )
}

function upgrades(text: string, texts: readonly string[], options: UpgradesOptions): Outcome {
  const running = parseName(text)
  const rules: UpgradeRules = { pre: options.pre ?? false, all: options.all ?? false }
  const { offered, refused } = listUpgrades(running.image, texts, rules, readerFor(running))
  return {
    result: { running: running.image, offered, refused },
    lines: [...offered.map((each) => each.text), ...(options.why ? refused.map(refusedLine) : [])],
  }
}

/** Beside a tag, what looks like no reference is a tag, too. */
function readerFor({ kind, image }: ParsedName): (text: string) => ParsedName {
  const amongTags = kind === 'tag' || kind === 'reference'
  return (text) =>
    parseName(text, { like: image, ...(amongTags && !/[/:]/.test(text) ? { kind: 'tag' } : {}) })
}

function refusedLine({ text, why, detail }: NotOffered): string {
  return `not ${text}: ${refusals[why]}${detail ? ` (${detail})` : ''}`
}
