import { Argument, type Command } from 'commander'
import { bashScript } from '../completion/bash.ts'
import { fishScript } from '../completion/fish.ts'
import { type CommandModel, commandModel } from '../completion/model.ts'
import { zshScript } from '../completion/zsh.ts'
import { example } from '../options.ts'
import { createProgram, type Done } from '../program.ts'
import { runCommand, type Session } from '../session.ts'

const scripts: Readonly<Record<string, (model: CommandModel) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

export function addCompletionCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('completion')
    .summary('print a completion script for a shell')
    .description(
      'Prints a script that lets a shell complete commands, options and their values.\n' +
        'bash: kiln completion bash > ~/.local/share/bash-completion/completions/kiln\n' +
        'zsh:  kiln completion zsh > a folder of $fpath, as _kiln\n' +
        'fish: kiln completion fish > ~/.config/fish/completions/kiln.fish',
    )
    .addArgument(new Argument('<SHELL>', 'shell to complete for').choices(Object.keys(scripts)))
    .action(async (shell: string) => {
      const script = scripts[shell]?.(commandModel(await createProgram(session, done))) ?? ''
      done(
        await runCommand(session, {}, async () => ({ result: script, lines: script.trimEnd().split('\n') })),
      )
    })
  example(command, 'kiln completion bash > kiln.bash')
}
