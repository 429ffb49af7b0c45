import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { example } from '../options.ts'
import type { Done } from '../program.ts'
import type { Session } from '../session.ts'

const runner = fileURLToPath(new URL('../../../../test/run.ts', import.meta.url))

export function addTestCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('test')
    .summary('run the tests of Kiln itself')
    .description(
      'Runs the tests of Kiln itself, those in a virtual machine included. Arguments go to the runner.',
    )
    .argument('[ARGS...]', 'passed on as they are')
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: readonly string[]) => {
      done(await runTests(args, session))
    })
  example(command, 'kiln test')
}

/** Interrupts reach the runner by itself: it is in the same process group. */
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
