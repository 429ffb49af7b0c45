import type { Command } from 'commander'
import { example } from '../options.ts'
import type { Done } from '../program.ts'
import type { Session } from '../session.ts'
import { addCloudConfigRunCommand } from './cloud-config-run.ts'

export function addCloudConfigCommand(program: Command, session: Session, done: Done): void {
  const command = program
    .command('cloud-config')
    .summary('look at what a cloud-config does, without a machine')
    .description('What the program on the node makes of cloud-configs, by the same code, on this machine.')
    .helpCommand(false)
  example(command, 'kiln cloud-config run --plan boot --for node.yaml cloud-config.yaml')
  addCloudConfigRunCommand(command, session, done)
}
