import type { Command, Operation } from '../operations/operation.ts'
import { type PlanContext, withText } from '../plan/context.ts'

/** Lines for the shell are templates; a program with its arguments is taken as it stands. */
export function planCommands(commands: readonly Command[], context: PlanContext): Operation[] {
  return commands.flatMap((command): readonly Operation[] => {
    if (typeof command === 'string') {
      return withText(context, 'command', command, (line) => ({ kind: 'command', command: line }))
    }
    return command.length === 0
      ? [{ kind: 'impossible', message: 'a command is an empty list' }]
      : [{ kind: 'command', command }]
  })
}
