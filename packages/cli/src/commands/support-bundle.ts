import { writeFileSync } from 'node:fs'
import { KilnError } from '@kiln/contract'
import { type Command, Option } from 'commander'
import { cacheFolder, cacheOption, example, jsonOption } from '../options.ts'
import type { Done } from '../program.ts'
import { formatBytes } from '../report/format.ts'
import { type CommandContext, type Outcome, runCommand, type Session } from '../session.ts'

interface BundleOptions {
  readonly out?: string
  readonly cache?: string
  readonly yes?: boolean
  readonly json?: boolean
}

export function addSupportBundleCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('support-bundle')
    .summary('collect what helps others to help')
    .description(
      'Writes a tar.gz with what kiln doctor says, versions, the plan, the definition and the last failures with what the ' +
        'programs said. Passwords, tokens and keys are left out; look into it all the same before you send it. Says what ' +
        'is in it, and on a terminal asks, before it writes.',
    )
    .argument('[DIR]', 'folder of the kiln.yaml, or the file itself', '.')
    .option('--out <file>', 'file to write (default: kiln-support.tar.gz)')
    .addOption(new Option('-y, --yes', 'write without asking'))
    .addOption(cacheOption())
    .addOption(jsonOption())
    .action(async (folder: string, options: BundleOptions) => {
      done(await runCommand(session, options, (context) => bundle(folder, options, context)))
    })
  example(command, 'kiln support-bundle --out /tmp/support.tar.gz')
}

async function bundle(folder: string, options: BundleOptions, context: CommandContext): Promise<Outcome> {
  const out = options.out ?? 'kiln-support.tar.gz'
  const cache = cacheFolder(options.cache, context.session.env)
  const [{ collectBundle }, { textArchive }] = await Promise.all([
    import('../support/bundle.ts'),
    import('../support/archive.ts'),
  ])
  const files = await collectBundle(folder, cache, { ...context, emit() {} })
  const contents = files.map(({ name, text }) => ({ name, bytes: Buffer.byteLength(text) }))
  for (const { name, bytes } of contents) {
    context.emit({ event: 'notice', level: 'info', message: `${name} (${formatBytes(bytes)})` })
  }
  if (!options.yes && (await context.confirm(`Write these to ${out}?`)) === false) {
    throw new KilnError('E-UNCONFIRMED', 'nothing was written')
  }
  write(out, textArchive('kiln-support', files))
  return { result: { file: out, contents }, lines: [out] }
}

function write(file: string, content: Buffer): void {
  try {
    writeFileSync(file, content, { mode: 0o600 })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new KilnError(code === 'ENOSPC' ? 'E-DISK-FULL' : 'E-PERMISSION', `${file} cannot be written`, {
      place: { file },
      cause: new Error(message),
    })
  }
}
