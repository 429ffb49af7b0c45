import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import type { BuildOptions, BuildResult, LoadedDefinition } from '@kiln/factory'
import { checkCloudConfig } from '@kiln/factory/definition/cloud-config'
import type { Command } from 'commander'
import { openDefinition } from '../definition.ts'
import { ensureHostTools } from '../host-packages.ts'
import { keysPassword } from '../keys-password.ts'
import { cacheOption, example, jsonOption, progressOption, yesOption } from '../options.ts'
import type { Done } from '../program.ts'
import {
  type CommandContext,
  type Outcome,
  type OutputOptions,
  runCommand,
  type Session,
} from '../session.ts'
import { workFor } from '../work.ts'
import { bootAndWatch, upLine } from './boot.ts'
import { plannedBuild, planOutcome } from './plan.ts'

interface BuildCommandOptions extends OutputOptions {
  readonly boot?: boolean
  readonly out?: string
  readonly cloudConfig?: string
  readonly cache?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly rebuild?: boolean
  readonly frozen?: boolean
  readonly payload?: boolean
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
    .option('--dry-run', 'show what would be done, as kiln plan does, and build nothing')
    .option('--rebuild', 'build every step anew')
    .option('--frozen', 'fail where kiln.lock does not fit the kiln.yaml, instead of asking the archives')
    .option('--payload', "put each image's payload into a folder, too: what a node runs, as files")
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
  if (options.dryRun) return planOutcome(await plannedBuild(folder, options, context))
  await ensureHostTools(
    ['build', ...(await bootingNeeds(definition, options))],
    context,
    options.yes ?? false,
  )
  const factory = await import('@kiln/factory/build')
  const password = await keysPassword(definition, context.session)
  const result = await factory.build({ ...request, ...password })
  const paths = result.images.flatMap(({ artifacts }) => artifacts.map(({ path }) => path))
  if (!options.boot) return { result, lines: paths }
  return bootFirst(result, paths, context)
}

async function bootingNeeds(definition: LoadedDefinition, { boot }: BuildCommandOptions) {
  if (!boot) return []
  const { bootPurposes } = await import('@kiln/factory/boot/firmware')
  return bootPurposes(definition.images[0]?.arch === 'arm64' ? 'arm64' : 'amd64')
}

/** Results go beside the definition, unless the user says otherwise. */
export function outFolder(definition: LoadedDefinition, wanted: string | undefined): string {
  return wanted ?? join(definition.folder, 'dist')
}

function buildOptions(
  definition: LoadedDefinition,
  options: BuildCommandOptions,
  context: CommandContext,
): BuildOptions {
  return {
    definition,
    out: outFolder(definition, options.out),
    ...workFor(options, context),
    rebuild: options.rebuild ?? false,
    frozen: options.frozen ?? false,
    payload: options.payload ?? false,
    ...(options.cloudConfig === undefined ? {} : { cloudConfig: options.cloudConfig }),
    ...(options.image === undefined ? {} : { image: options.image }),
  }
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
