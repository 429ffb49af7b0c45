import { exitCodes, KilnError } from '@kiln/contract'
import { Command, CommanderError } from 'commander'
import packageFacts from '../package.json' with { type: 'json' }
import { addBootCommand } from './commands/boot.ts'
import { addBuildCommand } from './commands/build.ts'
import { addBundleCommand } from './commands/bundle.ts'
import { addCacheCommand } from './commands/cache.ts'
import { addCheckCommand } from './commands/check.ts'
import { addCloudConfigCommand } from './commands/cloud-config/index.ts'
import { addCompletionCommand } from './commands/completion.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addExplainCommand } from './commands/explain.ts'
import { addInitCommand } from './commands/init.ts'
import { addLockCommand } from './commands/lock.ts'
import { addPlanCommand } from './commands/plan.ts'
import { addPullCommand } from './commands/pull.ts'
import { addPushCommand } from './commands/push.ts'
import { addReproduceCommand } from './commands/reproduce.ts'
import { addSchemaCommand } from './commands/schema.ts'
import { addServeCommand } from './commands/serve.ts'
import { addSupportBundleCommand } from './commands/support-bundle.ts'
import { addTestCommand } from './commands/test.ts'
import { addUnpackCommand } from './commands/unpack.ts'
import { lineWriter } from './report/reporter.ts'
import { reportError, type Session } from './session.ts'

/** A command that ran hands its exit code to this. */
export type Done = (exitCode: number) => void

/** The whole command line. Also what the reference of commands is made from. */
export function createProgram(session: Session, done: Done): Command {
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
  for (const add of [
    addBuildCommand,
    addBootCommand,
    addPushCommand,
    addPullCommand,
    addUnpackCommand,
    addBundleCommand,
    addServeCommand,
    addLockCommand,
    addReproduceCommand,
    addPlanCommand,
    addInitCommand,
    addCheckCommand,
    addSchemaCommand,
    addCloudConfigCommand,
    addCacheCommand,
    addDoctorCommand,
    addExplainCommand,
    addSupportBundleCommand,
    addCompletionCommand,
    addTestCommand,
  ]) {
    add(program, session, done)
  }
  return program
}

/** Reads the arguments and runs what they ask for. @returns the exit code; never throws */
export async function runProgram(args: readonly string[], session: Session): Promise<number> {
  let exitCode: number = exitCodes.ok
  const program = createProgram(session, (code) => {
    exitCode = code
  })
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
      return reportError(session, usageError(error), json)
    }
    return reportError(session, error, json)
  }
}

function usageError(error: CommanderError): KilnError {
  const message = error.message.replace(/^error: /, '')
  const meant = message.match(/\n?\(Did you mean (.+)\?\)/)
  return new KilnError('E-USAGE', meant ? message.slice(0, meant.index).trim() : message, {
    hint: meant ? `did you mean ${meant[1]}?` : 'kiln --help',
  })
}
