import { exitCodes, KilnError } from '@kiln/contract'
import { Command, CommanderError } from 'commander'
import packageFacts from '../package.json' with { type: 'json' }
import { lineWriter } from './report/reporter.ts'
import { reportError, type Session } from './session.ts'

/** A command that ran hands its exit code to this. */
export type Done = (exitCode: number) => void

type AddCommand = (program: Command, session: Session, done: Done) => void

/** In the order of the help. Only what is asked for is loaded: a build needs no engine of cloud-configs. */
const commands = {
  build: async () => (await import('./commands/build.ts')).addBuildCommand,
  boot: async () => (await import('./commands/boot.ts')).addBootCommand,
  verify: async () => (await import('./commands/verify.ts')).addVerifyCommand,
  sign: async () => (await import('./commands/sign.ts')).addSignCommand,
  iso: async () => (await import('./commands/iso/index.ts')).addIsoCommand,
  attest: async () => (await import('./commands/attest.ts')).addAttestCommand,
  keys: async () => (await import('./commands/keys/index.ts')).addKeysCommand,
  push: async () => (await import('./commands/push.ts')).addPushCommand,
  pull: async () => (await import('./commands/pull.ts')).addPullCommand,
  unpack: async () => (await import('./commands/unpack.ts')).addUnpackCommand,
  bundle: async () => (await import('./commands/bundle.ts')).addBundleCommand,
  serve: async () => (await import('./commands/serve.ts')).addServeCommand,
  release: async () => (await import('./commands/release/index.ts')).addReleaseCommand,
  lock: async () => (await import('./commands/lock.ts')).addLockCommand,
  diff: async () => (await import('./commands/diff.ts')).addDiffCommand,
  changelog: async () => (await import('./commands/changelog.ts')).addChangelogCommand,
  reproduce: async () => (await import('./commands/reproduce.ts')).addReproduceCommand,
  plan: async () => (await import('./commands/plan.ts')).addPlanCommand,
  init: async () => (await import('./commands/init.ts')).addInitCommand,
  check: async () => (await import('./commands/check.ts')).addCheckCommand,
  schema: async () => (await import('./commands/schema.ts')).addSchemaCommand,
  'cloud-config': async () => (await import('./commands/cloud-config/index.ts')).addCloudConfigCommand,
  name: async () => (await import('./commands/name/index.ts')).addNameCommand,
  cache: async () => (await import('./commands/cache.ts')).addCacheCommand,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctorCommand,
  explain: async () => (await import('./commands/explain.ts')).addExplainCommand,
  'support-bundle': async () => (await import('./commands/support-bundle.ts')).addSupportBundleCommand,
  completion: async () => (await import('./commands/completion.ts')).addCompletionCommand,
  test: async () => (await import('./commands/test.ts')).addTestCommand,
} satisfies Readonly<Record<string, () => Promise<AddCommand>>>

type CommandName = keyof typeof commands

const isCommand = (word: string | undefined): word is CommandName =>
  word !== undefined && Object.hasOwn(commands, word)

/** The whole command line, or some of its commands. Also what the reference of commands is made from. */
export async function createProgram(
  session: Session,
  done: Done,
  names: readonly CommandName[] = Object.keys(commands).filter(isCommand),
): Promise<Command> {
  const program = new Command('kiln')
    .description('Makes immutable Linux images from a kiln.yaml, and boots them in a virtual machine.')
    .version(`kiln ${packageFacts.version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [COMMAND]', 'show help for a command')
    .configureOutput({
      writeOut: (text) => session.stdout.write(text),
      writeErr: (text) => session.stderr.write(text),
      // The error is told once, in the form that all errors have.
      outputError() {},
    })
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', '\nExample:\n  kiln build examples/debian --boot')
  for (const name of names) (await commands[name]())(program, session, done)
  return program
}

/** Reads the arguments and runs what they ask for. @returns the exit code; never throws */
export async function runProgram(args: readonly string[], session: Session): Promise<number> {
  let exitCode: number = exitCodes.ok
  const [first] = args
  const keepCode = (code: number) => {
    exitCode = code
  }
  const program = await createProgram(session, keepCode, isCommand(first) ? [first] : undefined)
  if (args.length === 0) {
    program.outputHelp()
    return exitCodes.ok
  }
  const json = args.includes('--json') ? lineWriter((text) => session.stdout.write(text)) : undefined
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok
      // The help is out already, and says what is missing.
      if (error.code === 'commander.help' && !json) return exitCodes.usage
      return reportError(session, usageError(error, commandIn(program, args)), json)
    }
    return reportError(session, error, json)
  }
}

/** The command that the arguments name, as it is typed. */
function commandIn(program: Command, args: readonly string[]): string {
  const names = [program.name()]
  let here = program
  for (const arg of args) {
    const next = here.commands.find((command) => command.name() === arg)
    if (!next) break
    names.push(arg)
    here = next
  }
  return names.join(' ')
}

function usageError(error: CommanderError, command: string): KilnError {
  const isHelp = error.code === 'commander.help'
  const message = isHelp ? 'a command is missing' : error.message.replace(/^error: /, '')
  const meant = message.match(/\n?\(Did you mean (.+)\?\)/)
  return new KilnError('E-USAGE', meant ? message.slice(0, meant.index).trim() : message, {
    hint: meant ? `did you mean ${meant[1]}?` : `${command} --help`,
  })
}
