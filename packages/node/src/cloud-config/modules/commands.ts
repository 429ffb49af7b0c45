import type { Argv } from '../../host/host.ts'
import type { Command } from '../stages.ts'
import { forEach, type ModuleContext, ModuleError, refuseTemplate } from './context.ts'

/** Runs each command, also after one that failed. Their output goes where the agent's goes: the journal or the console. */
export function runCommands(commands: readonly Command[], context: ModuleContext): void {
  forEach(commands, (command) => {
    const argv = argvOf(command, context.shell)
    const { code } = context.host.run(argv, { output: 'inherit' })
    if (code !== 0) throw new ModuleError([`command ended with ${code}: ${[command].flat().join(' ')}`])
  })
}

function argvOf(command: Command, [shell, ...shellArgs]: Argv): Argv {
  if (typeof command === 'string') {
    refuseTemplate(command, 'command')
    return [shell, ...shellArgs, '-c', command]
  }
  const [program, ...args] = command
  if (program === undefined) throw new ModuleError(['a command is an empty list'])
  return [program, ...args]
}
