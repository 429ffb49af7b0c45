import type { DiskForecast } from '@kiln/factory/run/disk-forecast'
import type { Command } from 'commander'
import { openDefinition } from '../definition.ts'
import { diskLines } from '../disk-view.ts'
import { cacheFolder, cacheOption, example, jsonOption } from '../options.ts'
import {
  explainLines,
  findStep,
  isUpToDate,
  type PlannedStepData,
  planData,
  planLines,
} from '../plan-view.ts'
import type { Done } from '../program.ts'
import { type CommandContext, type Outcome, runCommand, type Session } from '../session.ts'

export interface PlanOptions {
  readonly cache?: string
  readonly image?: string
  readonly cloudConfig?: string
  readonly explain?: string
  readonly exitCode?: boolean
  readonly json?: boolean
}

export function addPlanCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('plan')
    .summary('show what a build would do')
    .description(
      'Shows the steps of a build: which are in the cache, which are to be built and why, and which depend on those; and of ' +
        'each disk its size, with the sum that it is. Builds nothing.',
    )
    .argument('[DIR]', 'folder of the kiln.yaml, or the file itself', '.')
    .option('--explain <step>', 'say which inputs of a step have changed since it was last built')
    .option('--exit-code', 'exit code 10 where something is to be built')
    .option('--image <text>', 'only the images whose name contains this')
    .option('--cloud-config <file>', 'cloud-config for the medium, instead of that of the definition')
    .addOption(cacheOption())
    .addOption(jsonOption())
    .action(async (folder: string, options: PlanOptions) => {
      done(await runCommand(session, options, (context) => plan(folder, options, context)))
    })
  example(
    command,
    'kiln plan examples/debian',
    'kiln plan --explain packages',
    'kiln plan --exit-code --json',
  )
}

async function plan(folder: string, options: PlanOptions, context: CommandContext): Promise<Outcome> {
  const planned = await plannedBuild(folder, options, context)
  const { steps } = planned
  const outcome = options.explain === undefined ? planOutcome(planned) : explained(options.explain, steps)
  return options.exitCode && !isUpToDate(steps) ? { ...outcome, exit: 'different' } : outcome
}

export function planOutcome({ steps, disks }: PlannedBuild): Outcome {
  return { result: { steps, disks }, lines: [...planLines(steps), ...diskLines(disks)] }
}

function explained(word: string, steps: readonly PlannedStepData[]): Outcome {
  const step = findStep(word, steps)
  return { result: step, lines: explainLines(step, steps) }
}

export interface PlannedBuild {
  readonly steps: readonly PlannedStepData[]
  readonly disks: readonly DiskForecast[]
}

/** The plan of a definition, compared with the cache. Asks the archive for its state, as a build does. */
export async function plannedBuild(
  folder: string,
  options: Pick<PlanOptions, 'cache' | 'image' | 'cloudConfig'>,
  { session, emit }: Pick<CommandContext, 'session' | 'emit'>,
): Promise<PlannedBuild> {
  const { image, cloudConfig } = options
  const definition = await openDefinition(folder)
  const cache = cacheFolder(options.cache, session.env)
  const [{ planBuild }, { forecast }, { forecastDisks }] = await Promise.all([
    import('@kiln/factory/build'),
    import('@kiln/factory/run/forecast'),
    import('@kiln/factory/run/disk-forecast'),
  ])
  const planned = await planBuild({
    definition,
    cacheFolder: cache,
    emit,
    signal: session.signal,
    ...(image === undefined ? {} : { image }),
    ...(cloudConfig === undefined ? {} : { cloudConfig }),
  })
  const forecasts = await forecast(planned.plan, cache)
  return { steps: planData(forecasts), disks: await forecastDisks(forecasts, cache) }
}
