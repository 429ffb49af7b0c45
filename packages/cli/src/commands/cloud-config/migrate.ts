import { readFileSync } from 'node:fs'
import { text as readStream } from 'node:stream/consumers'
import { errorFromFindings, type Finding, KilnError } from '@kiln/contract'
import { type Migrated, migrate } from '@kiln/node/cloud-config/migrate/migrate'
import { configFiles } from '@kiln/node/cloud-config/sources'
import { nodeHost } from '@kiln/node/host/node'
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import { isFolder } from '../../cloud-config/inputs.ts'
import { example, jsonOption } from '../../options.ts'
import { type Outcome, runCommand, type Session } from '../../session.ts'
import type { AddSubcommand } from './index.ts'

interface MigrateOptions {
  readonly dryRun?: boolean
  readonly json?: boolean
}

interface File extends Migrated {
  readonly file: string
  readonly before: string
}

export const addMigrate: AddSubcommand = (parent, session, done) => {
  const command = parent
    .command('migrate')
    .summary('rewrite what is out of date')
    .description(
      'Rewrites names that are out of date and well-known mistakes, in place; comments and style stay as they are. What needs ' +
        'a decision is left to kiln cloud-config validate. - reads standard input and prints the result.',
    )
    .argument('[FILES...]', 'files or folders, or - for standard input')
    .option('--dry-run', 'show what would be changed, and change nothing')
    .addOption(jsonOption())
    .action(async (files: string[], options: MigrateOptions) => {
      done(await runCommand(session, options, () => migrateAll(session, files, options)))
    })
  example(command, 'kiln cloud-config migrate --dry-run config.yaml', 'kiln cloud-config migrate config/')
}

async function migrateAll(
  session: Session,
  inputs: readonly string[],
  options: MigrateOptions,
): Promise<Outcome> {
  if (inputs.length === 0)
    throw new KilnError('E-USAGE', 'no cloud-config is named', { hint: 'name files or folders' })
  if (inputs.includes('-') && inputs.length > 1) throw new KilnError('E-USAGE', '- stands by itself')
  if (inputs[0] === '-') return stream(await readStream(session.stdin), options)
  const done = inputs.flatMap(filesOf).map(migrateFile)
  const changed = options.dryRun ? [] : done.filter(({ text, before }) => text !== before)
  for (const { file, text } of changed) nodeHost().writeAtomic(file, text)
  const error = problemOf(done)
  return {
    result: { files: done.map(fileData) },
    lines: done.flatMap((file) => fileLines(file, options)),
    ...(error ? { error } : {}),
  }
}

function problemOf(files: readonly (Migrated & { readonly file: string })[]): KilnError | undefined {
  const [first, ...others] = files.flatMap(({ file, problem }): Finding[] =>
    problem
      ? [{ code: 'E-CONFIG-SYNTAX', message: problem.message, place: { file, line: problem.line } }]
      : [],
  )
  return first && errorFromFindings([first, ...others])
}

function stream(before: string, { dryRun }: MigrateOptions): Outcome {
  const file = { file: '<stdin>', before, ...migrate(before) }
  const error = problemOf([file])
  return {
    ...(error ? { error } : {}),
    result: { files: [{ ...fileData(file), text: file.text }] },
    lines: dryRun ? diffLines(file.file, before, file.text) : file.text.replace(/\n$/, '').split('\n'),
  }
}

function filesOf(input: string): string[] {
  return isFolder(input)
    ? configFiles(nodeHost(), { path: input.replace(/(.)\/+$/, '$1'), recursive: true })
    : [input]
}

function migrateFile(file: string): File {
  let before: string
  try {
    before = readFileSync(file, 'utf8')
  } catch (error) {
    throw new KilnError('E-CONFIG-UNREADABLE', `${file} cannot be read: ${(error as Error).message}`, {
      place: { file },
    })
  }
  return { file, before, ...migrate(before) }
}

function fileData({ file, changes }: File): Record<string, unknown> {
  return { file, changes }
}

function fileLines({ file, before, text, changes, problem }: File, { dryRun }: MigrateOptions): string[] {
  if (problem) return []
  if (changes.length === 0) return [`${file}: nothing to change`]
  if (dryRun) return diffLines(file, before, text)
  return changes.map(({ line, reason }) => `${file}:${line}: ${reason}`)
}

/** A unified diff with two lines around each change. */
function diffLines(file: string, before: string, after: string): string[] {
  const options = { context: 2, headerOptions: FILE_HEADERS_ONLY }
  const patch = createTwoFilesPatch(file, file, before, after, undefined, undefined, options)
  return before === after ? [] : patch.trimEnd().split('\n')
}
