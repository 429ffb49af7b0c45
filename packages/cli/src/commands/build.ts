import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import type { BuildOptions, BuildResult, LoadedDefinition } from '@kiln/factory'
import { checkCloudConfig } from '@kiln/factory/definition/cloud-config'
import type { Command } from 'commander'
import { openDefinition } from '../definition.ts'
import { ensureHostTools } from '../host-packages.ts'
import { cacheFolder, cacheOption, example, jsonOption, progressOption, yesOption } from '../options.ts'
import type { Done } from '../program.ts'
import {
  type CommandContext,
  type Outcome,
  type OutputOptions,
  runCommand,
  type Session,
} from '../session.ts'
import { bootAndWatch, upLine } from './boot.ts'

interface BuildCommandOptions extends OutputOptions {
  readonly boot?: boolean
  readonly out?: string
  readonly cloudConfig?: string
  readonly cache?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly rebuild?: boolean
  readonly image?: string
}

export function addBuildCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('build')
    .summary('build the images of a kiln.yaml')
    .description(
      'Builds the images of a kiln.yaml and prints the paths of the artifacts. What was built before and has not changed is ' +
        'taken from the cache.',
    )
    .argument('[DIR]', 'folder of the kiln.yaml, or the file itself', '.')
    .option('--boot', 'boot the first image in a virtual machine afterwards')
    .option('--out <dir>', 'folder for the artifacts (default: dist beside the kiln.yaml)')
    .option('--cloud-config <file>', 'cloud-config for the medium, instead of that of the definition')
    .addOption(cacheOption())
    .option('--dry-run', 'print the plan and build nothing')
    .option('--rebuild', 'build every step anew')
    .option('--image <text>', 'build only the images whose name contains this')
    .addOption(yesOption())
    .addOption(jsonOption())
    .addOption(progressOption())
    .action(async (folder: string, options: BuildCommandOptions) => {
      done(await runCommand(session, options, (context) => build(folder, options, context)))
    })
  example(
    command,
    'kiln build examples/debian --boot',
    'kiln build --image debian-13 --out /tmp/images --json',
  )
}

async function build(
  folder: string,
  options: BuildCommandOptions,
  context: CommandContext,
): Promise<Outcome> {
  const definition = await openDefinition(folder)
  if (options.cloudConfig !== undefined) checkCloudConfig(options.cloudConfig)
  const request = buildOptions(definition, options, context)
  const factory = await import('@kiln/factory')
  if (options.dryRun) {
    const { steps } = (await factory.planBuild(request)).plan
    return { result: { steps }, lines: planLines(steps) }
  }
  await ensureHostTools(options.boot ? ['build', 'boot'] : ['build'], context, options.yes ?? false)
  const result = await factory.build(request)
  const paths = result.images.flatMap(({ artifacts }) => artifacts.map(({ path }) => path))
  if (!options.boot) return { result, lines: paths }
  return bootFirst(result, paths, context)
}

function buildOptions(
  definition: LoadedDefinition,
  options: BuildCommandOptions,
  { session, emit }: CommandContext,
): BuildOptions {
  return {
    definition,
    out: options.out ?? join(definition.folder, 'dist'),
    cacheFolder: cacheFolder(options.cache, session.env),
    rebuild: options.rebuild ?? false,
    emit,
    signal: session.signal,
    ...(options.cloudConfig === undefined ? {} : { cloudConfig: options.cloudConfig }),
    ...(options.image === undefined ? {} : { image: options.image }),
  }
}

/** Each step below what it needs, by its number. */
function planLines(
  steps: readonly {
    readonly id: string
    readonly title: string
    readonly inputs: Readonly<Record<string, string>>
  }[],
): string[] {
  const numberOf = new Map(steps.map(({ id }, index) => [id, index + 1]))
  return steps.map(({ id, title, inputs }) => {
    const needs = Object.values(inputs).map((input) => numberOf.get(input))
    const after = needs.length === 0 ? '' : `  (after ${needs.sort((a = 0, b = 0) => a - b).join(', ')})`
    return `${String(numberOf.get(id)).padStart(3)}  ${title}${after}`
  })
}

async function bootFirst(
  result: BuildResult,
  paths: readonly string[],
  context: CommandContext,
): Promise<Outcome> {
  const artifact = result.images.flatMap(({ artifacts }) => artifacts).find(({ kind }) => kind === 'iso')
  if (!artifact) {
    throw new KilnError('E-ARTIFACT-MISSING', 'there is nothing to boot: no image was made as an iso', {
      hint: 'add iso to artifacts in the kiln.yaml',
    })
  }
  const verdict = await bootAndWatch(artifact.path, {}, context)
  const { bootError } = await import('@kiln/factory/boot/artifact')
  const error = bootError(verdict)
  return {
    result: { ...result, boot: verdict },
    lines: error ? paths : [...paths, upLine(verdict)],
    ...(error ? { error } : {}),
  }
}
