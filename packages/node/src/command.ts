import { exitCodes } from '@kiln/contract'
import { type Arguments, type KnownArguments, parseArguments } from './arguments.ts'
import type { Host } from './host/host.ts'
import { failureOf } from './install/failure.ts'

/** A verb: its arguments, and what it does with them. */
export interface Command<F extends string = never, V extends string = never> extends KnownArguments<F, V> {
  readonly usage: string
  readonly run: (host: Host, args: Arguments<F, V>) => number
}

/** Runs a verb. Whatever it can expect to go wrong becomes a message with its advice. @returns the exit code */
export function runCommand<F extends string, V extends string>(
  host: Host,
  command: Command<F, V>,
  args: readonly string[],
): number {
  if (args.includes('--help')) {
    host.print(command.usage)
    return exitCodes.ok
  }
  const read = parseArguments(args, command)
  if (typeof read === 'string') {
    host.printError(`kiln-agent: ${read}\n\n${command.usage}`)
    return exitCodes.usage
  }
  return reportFailures(host, () => command.run(host, read))
}

/** @throws what is no expected failure: a defect */
export function reportFailures(host: Host, action: () => number): number {
  try {
    return action()
  } catch (error) {
    const { message, advice, exit } = failureOf(error)
    host.printError(`kiln-agent: ${message}\n${advice === undefined ? '' : `${advice}\n`}`)
    return exit
  }
}
