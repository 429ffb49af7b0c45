import { recoveryId } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import type { Command } from '../command.ts'
import type { Host } from '../host/host.ts'
import { withLifecycleLock } from './lock.ts'
import { loadRecord, type Node, openNode } from './node.ts'
import { withLoader } from './open-loader.ts'
import { restart } from './restart.ts'

export const recoveryCommand: Command<'--reboot'> = {
  usage: `kiln-agent recovery: starts the recovery system, once

  kiln-agent recovery [--reboot]

  --reboot    restart now
`,
  flags: ['--reboot'],
  words: 0,
  run: (host, { flags }) => {
    withLifecycleLock(host, 'recovery', () => startRecoveryOnce(openNode(host)))
    host.print('The next start takes the recovery system, once.\n')
    if (flags.has('--reboot')) restart(host)
    return 0
  },
}

/** The caller holds the lifecycle lock. @throws AgentError no-recovery */
export function startRecoveryOnce(node: Node): void {
  const { host, disk } = node
  if (!loadRecord(node).recovery) throw new AgentError('no-recovery', 'The record names none.')
  withLoader(host, disk, 'write', (loader) => loader.once(recoveryId))
}

export const bootEntryCommand: Command<never, '--select' | '-s'> = {
  usage: `kiln-agent bootentry: shows the boot entries, or chooses one for the next start

  kiln-agent bootentry [--select NAME]

  --select NAME, -s NAME  an entry, the number of a generation, or as in the field: active, passive, recovery
`,
  flags: [],
  values: ['--select', '-s'],
  words: 0,
  run: (host, { values }) => bootEntry(host, values['--select'] ?? values['-s']),
}

function bootEntry(host: Host, wanted: string | undefined): number {
  withLifecycleLock(host, 'bootentry', () => {
    const node = openNode(host)
    withLoader(host, node.disk, wanted === undefined ? 'read' : 'write', (loader) => {
      const ids = loader.entries().map(({ id }) => id)
      if (wanted === undefined) {
        host.print(ids.map((id) => `${id}\n`).join(''))
        return
      }
      const id = entryOfName(wanted, ids)
      if (id === undefined) {
        throw new AgentError('no-such-generation', `"${wanted}" is none of ${ids.join(', ')}.`)
      }
      loader.once(id)
      host.print(`The next start takes ${id}, once.\n`)
    })
  })
  return 0
}

/**
 * The field's names: the newest generation is active (its menu says cos), the one before it passive (fallback).
 * @param ids of the entries there are
 */
export function entryOfName(name: string, ids: readonly string[]): string | undefined {
  const newestFirst = ids
    .filter((id) => id !== recoveryId)
    .toSorted((a, b) => Number(b.slice('kiln-'.length)) - Number(a.slice('kiln-'.length)))
  const aliases: Readonly<Record<string, string | undefined>> = {
    active: newestFirst[0],
    cos: newestFirst[0],
    passive: newestFirst[1],
    fallback: newestFirst[1],
    recovery: recoveryId,
  }
  const id = Object.hasOwn(aliases, name) ? aliases[name] : /^\d+$/.test(name) ? `kiln-${name}` : name
  return ids.find((each) => each === id)
}
