import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { ensureHostTools } from '../host-packages.ts'
import { example, yesOption } from '../options.ts'
import type { Done } from '../program.ts'
import { runCommand, type Session } from '../session.ts'

const runner = fileURLToPath(new URL('../../../../test/run.ts', import.meta.url))

export function addTestCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('test')
    .summary('run the tests of Kiln itself')
    .description(
      'Runs the tests of Kiln itself, those in a virtual machine included. Arguments go to the runner: --unit leaves the ' +
        'machines out, --all adds the long tests, --fuzz=N gives readers N made-up texts, any other word keeps the files whose path has it.',
    )
    .argument('[ARGS...]', 'passed on as they are')
    .addOption(yesOption())
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: readonly string[], options: { readonly yes?: boolean }) => {
      const prepared = await runCommand(session, {}, async (context) => {
        const boot = args.includes('--unit') ? [] : (['boot'] as const)
        // Only long tests start machines of another architecture.
        const foreign = args.includes('--all') ? (['boot-arm64'] as const) : []
        const purposes = [...boot, ...foreign, 'build', 'test'] as const
        await ensureHostTools(purposes, context, options.yes ?? false)
        return { result: undefined, lines: [] }
      })
      done(prepared === 0 ? await runTests(args, session) : prepared)
    })
  example(command, 'kiln test', 'kiln test --unit contract')
}

/** Interrupts reach the runner by themselves: it is in the same process group. */
function runTests(args: readonly string[], session: Session): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, runner, ...args], {
    stdio: 'inherit',
    env: { ...session.env },
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 130))
  })
}
