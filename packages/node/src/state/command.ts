import type { Command } from '../command.ts'
import type { Host } from '../host/host.ts'
import { nodeState } from './node-state.ts'
import { stateTable } from './table.ts'
import { valueAt, valueText } from './value-at.ts'

export const stateCommand: Command<'--json'> = {
  usage: `kiln-agent state: what this node runs, and what it could run

  kiln-agent state [--json]
  kiln-agent state [get] PATH

  --json    everything, as JSON
  PATH      one value: kairos.version, generations[0].status, persistent.found
`,
  flags: ['--json'],
  words: 2,
  run: (host, { flags, words }) => {
    const [path, ...more] = words[0] === 'get' ? words.slice(1) : words
    if (more.length > 0) {
      host.printError(`kiln-agent: "${more[0]}" is too much\n`)
      return 2
    }
    return path === undefined ? showAll(host, flags.has('--json')) : showOne(host, path)
  },
}

function showAll(host: Host, json: boolean): number {
  const state = nodeState(host)
  host.print(json ? `${JSON.stringify(state, undefined, 2)}\n` : stateTable(state))
  return 0
}

function showOne(host: Host, path: string): number {
  const value = valueAt(nodeState(host), path)
  if (value === undefined) {
    host.printError(`kiln-agent: there is no ${path} in the state\n`)
    return 1
  }
  host.print(`${valueText(value)}\n`)
  return 0
}
