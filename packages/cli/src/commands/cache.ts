import { errorFromFindings, type Finding, KilnError } from '@kiln/contract'
import type { PruneRules, Verified } from '@kiln/factory/run/cache'
import type { Command } from 'commander'
import { objectData, objectLines, sizeData, sizeLines } from '../cache-view.ts'
import { cacheFolder, cacheOption, durationToMs, example, jsonOption, sizeToBytes } from '../options.ts'
import type { Done } from '../program.ts'
import { formatBytes } from '../report/format.ts'
import { count } from '../report/plain.ts'
import { type CommandContext, type Outcome, runCommand, type Session } from '../session.ts'

interface CacheOptions {
  readonly cache?: string
  readonly json?: boolean
}

interface PruneOptions extends CacheOptions {
  readonly olderThan?: number
  readonly keepSize?: number
  readonly all?: boolean
  readonly dryRun?: boolean
}

type Action<O> = (cache: string, options: O, context: CommandContext) => Promise<Outcome>

export function addCacheCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('cache')
    .summary('look into the cache, check it and clear it')
    .description(
      'What is kept between builds: results of steps, each under the key of everything that decides it.',
    )
    .helpCommand(false)
  example(command, 'kiln cache size', 'kiln cache prune --older-than 30d')

  const add = (name: string, summary: string, description: string) =>
    command.command(name).summary(summary).description(description)
  const run = <O extends CacheOptions>(subcommand: Command, action: Action<O>) =>
    subcommand
      .addOption(cacheOption())
      .addOption(jsonOption())
      .action(async (options: O) => {
        const cache = cacheFolder(options.cache, session.env)
        done(await runCommand(session, options, (context) => action(cache, options, context)))
      })

  const listing = add('list', 'list the results', 'Lists the results in the cache, the longest unused first.')
  example(run(listing, list), 'kiln cache list', 'kiln cache list --json | jq .result.objects')

  const sizing = add('size', 'say how large it is', 'Says how large the cache is, by kind of step.')
  example(run(sizing, size), 'kiln cache size')

  const verifying = add(
    'verify',
    'check every result',
    'Reads every result and compares it with its digest. Exit code 5 where one is damaged. With --repair those are ' +
      'removed, so that the next build makes them again, and the exit code is 0.',
  ).option('--repair', 'remove what is damaged, and what an older version of Kiln left')
  example(run<CacheOptions & { repair?: boolean }>(verifying, verify), 'kiln cache verify --repair')

  const pruning = add(
    'prune',
    'remove what is not used',
    'Removes results, the longest unused first. What a running build uses stays.',
  )
    .option('--older-than <duration>', 'what was not used for so long: 12h, 30d, 2w', durationToMs)
    .option('--keep-size <size>', 'until no more than this is left: 500M, 10G', sizeToBytes)
    .option('--all', 'everything')
    .option('--dry-run', 'only say what would be removed')
  example(run<PruneOptions>(pruning, prune), 'kiln cache prune --older-than 30d --keep-size 10G')
}

async function list(cache: string): Promise<Outcome> {
  const { listObjects } = await import('@kiln/factory/run/objects')
  const objects = (await listObjects(cache)).map(objectData)
  return { result: { cache, objects }, lines: objectLines(objects) }
}

async function size(cache: string): Promise<Outcome> {
  const { listObjects, otherFolders } = await import('@kiln/factory/run/objects')
  const [objects, others] = await Promise.all([listObjects(cache), otherFolders(cache)])
  const data = sizeData(objects.map(objectData), others)
  return { result: { cache, ...data }, lines: sizeLines(data) }
}

async function verify(
  cache: string,
  { repair = false }: CacheOptions & { readonly repair?: boolean },
  { session, emit }: CommandContext,
): Promise<Outcome> {
  const { verifyCache } = await import('@kiln/factory/run/cache')
  const label = { step: 'verify', title: 'cache' }
  emit({ event: 'step-started', ...label })
  const started = performance.now()
  let done = 0
  const verified = await verifyCache(cache, {
    repair,
    signal: session.signal,
    onDone: () => emit({ event: 'step-progress', step: label.step, done: ++done, unit: 'items' }),
  })
  const ms = Math.round(performance.now() - started)
  emit({ event: 'step-finished', ...label, outcome: 'built', ms })
  return verifyOutcome(verified, repair)
}

function verifyOutcome(verified: readonly Verified[], repair: boolean): Outcome {
  const bad = verified.filter(({ state }) => state !== 'intact')
  const objects = bad.map(({ object, state }) => ({ state, ...objectData(object) }))
  const intact = verified.length - bad.length
  const result = { intact, repaired: repair, objects }
  const what = (state: Verified['state']) => (repair ? `${state}, removed` : state)
  const lines = [
    ...objects.map(({ state, folder, step }) => [what(state), folder, step].filter(Boolean).join('  ')),
    `${count(intact, 'result')} intact`,
  ]
  const [first, ...rest] = objects
    .filter(({ state }) => state === 'damaged')
    .map(
      ({ folder, title }): Finding => ({
        code: 'E-CACHE-CORRUPT',
        message: `${folder}${title ? ` (${title})` : ''} does not have its digest`,
        hint: 'kiln cache verify --repair removes it, and the next build makes it again',
      }),
    )
  return first && !repair ? { result, lines, error: errorFromFindings([first, ...rest]) } : { result, lines }
}

async function prune(cache: string, options: PruneOptions): Promise<Outcome> {
  const { planPrune, prune: removeAll, sizeOf } = await import('@kiln/factory/run/cache')
  const rules = pruneRules(options)
  const { remove, held } = await (options.dryRun ? planPrune : removeAll)(cache, rules)
  const bytes = sizeOf(remove)
  const verb = options.dryRun ? 'would remove' : 'removed'
  const kept = held.length === 0 ? [] : [`${count(held.length, 'result')} in use by a running build`]
  return {
    result: {
      removed: remove.map(objectData),
      held: held.map(objectData),
      bytes,
      dryRun: options.dryRun ?? false,
    },
    lines: [
      ...objectLines(remove.map(objectData)).slice(remove.length === 0 ? 1 : 0),
      `${verb} ${count(remove.length, 'result')}, ${formatBytes(bytes)}`,
      ...kept,
    ],
  }
}

/** @throws KilnError E-USAGE where nothing says what to remove */
function pruneRules({ olderThan, keepSize, all }: PruneOptions): PruneRules {
  if (olderThan === undefined && keepSize === undefined && !all) {
    throw new KilnError('E-USAGE', 'nothing says what to remove', {
      hint: '--older-than 30d, --keep-size 10G, or --all',
    })
  }
  return {
    ...(olderThan === undefined ? {} : { olderThanMs: olderThan }),
    ...(keepSize === undefined ? {} : { keepBytes: keepSize }),
    ...(all ? { all } : {}),
  }
}
