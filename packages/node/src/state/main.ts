import { runCommand } from '../command.ts'
import type { Host } from '../host/host.ts'
import { stateCommand } from './command.ts'

/** `kiln-agent state` by itself. @returns the exit code */
export function main(host: Host): number {
  return runCommand(host, stateCommand, host.args.slice(1))
}
