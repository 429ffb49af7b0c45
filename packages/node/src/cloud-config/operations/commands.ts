import type { Argv } from '../../host/host.ts'
import { type Actor, endText, OperationError, runFor, runOrFail } from './actor.ts'
import type { Command, OperationOf } from './operation.ts'

/** Runs what a person wrote. Its output goes where the agent's goes: the journal or the console. */
export function runCommand({ command }: OperationOf<'command'>, actor: Actor): void {
  const { code } = runFor(actor, argvOf(command, actor.shell), { output: 'inherit' })
  if (code !== 0)
    throw new OperationError(`command ${endText(code, actor.timeoutMs)}: ${[command].flat().join(' ')}`)
}

export function runProgram({ argv }: OperationOf<'program'>, actor: Actor): void {
  runOrFail(actor, argv)
}

function argvOf(command: Command, [shell, ...shellArgs]: Argv): Argv {
  if (typeof command === 'string') return [shell, ...shellArgs, '-c', command]
  const [program, ...args] = command
  if (program === undefined) throw new OperationError('a command is an empty list')
  return [program, ...args]
}
