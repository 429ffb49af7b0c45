import { basename } from 'node:path'
import { countStates, lackingChecks } from '@kiln/contract/release/manifest'
import type { Command } from 'commander'
import { openDefinition } from '../../definition.ts'
import { example, jsonOption } from '../../options.ts'
import type { Done } from '../../program.ts'
import {
  type CommandContext,
  type Outcome,
  type OutputOptions,
  runCommand,
  type Session,
} from '../../session.ts'
import { now, readChecks, requireOption } from './options.ts'
import { expectedArtifacts } from './plan.ts'

interface MakeCommandOptions extends OutputOptions {
  readonly out: string
  readonly name?: string
  readonly key?: string
  readonly require: string
  readonly results?: string
  readonly definition?: string
}

export function addMakeCommand(parent: Command, session: Session, done: Done): void {
  const command = parent
    .command('make')
    .summary('make a release of artifacts')
    .description(
      'Gathers artifacts that were built, on one machine or many, with their checksums, signatures and what lies beside them ' +
        '(bills of materials, attestations, reports), and writes release.json last. Can be repeated: what is there and whole is ' +
        'kept. Ends well also where checks are missing: kiln release check refuses those.',
    )
    .argument('<FOLDER...>', 'folders that kiln build delivered to')
    .option('--out <dir>', 'folder of the release', 'release')
    .option('--name <text>', 'name of the product (default: that of the kiln.yaml, or of the folder)')
    .option('--key <file>', 'private key that signs: PEM, or as cosign generate-key-pair writes it')
    .option('--definition <dir>', 'kiln.yaml whose artifacts must all be there')
    .option('--results <file>', 'YAML with what others found out, and what is waived')
    .addOption(requireOption())
    .addOption(jsonOption())
    .action(async (folders: string[], options: MakeCommandOptions) => {
      done(await runCommand(session, options, (context) => make(folders, options, context)))
    })
  example(
    command,
    'kiln release make dist --name fleet --key kiln.key',
    'kiln release make dist-amd64 dist-arm64 --definition . --results results.yaml --require checksum,signature,boot',
  )
}

async function make(
  folders: readonly string[],
  options: MakeCommandOptions,
  { session, emit }: CommandContext,
): Promise<Outcome> {
  const required = readChecks(options.require)
  const { makeRelease } = await import('@kiln/factory/release/make')
  const { readResults } = await import('@kiln/factory/release/results')
  const { readPrivateKey } = await import('@kiln/factory/sign/keys')
  const definition = options.definition === undefined ? undefined : await openDefinition(options.definition)
  const { release, digest } = await makeRelease({
    folders,
    out: options.out,
    name: options.name ?? definition?.definition.name ?? basename(process.cwd()),
    required,
    results: options.results === undefined ? [] : readResults(options.results),
    expected: definition ? expectedArtifacts(definition).map(({ file }) => file) : [],
    key: options.key === undefined ? undefined : readPrivateKey(options.key, session.env.COSIGN_PASSWORD),
    signal: session.signal,
    progress: (file, finished, total) =>
      emit({ event: 'notice', level: 'info', message: `${finished} of ${total}: ${file}` }),
  })
  const lacking = lackingChecks(release, now().slice(0, 10))
  const states = Object.entries(countStates(release)).map(
    ([check, counts]) =>
      `${check.padEnd(13)} ${Object.entries(counts)
        .map(([state, count]) => `${count} ${state}`)
        .join(', ')}`,
  )
  const lines = [
    `${options.out}: ${release.name} ${release.version}, ${release.artifacts.length} artifacts, ${digest}`,
    ...states,
    ...(lacking.length === 0 ? [] : [`${lacking.length} checks are missing; kiln release check says which`]),
  ]
  return { result: { release, digest, lacking }, lines }
}
