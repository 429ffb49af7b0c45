import { entryId, findGeneration, type Generation, type NodeRecord } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import type { Command } from '../command.ts'
import type { Host } from '../host/host.ts'
import { armGeneration } from './arm.ts'
import { withLifecycleLock } from './lock.ts'
import { loadRecord, type Node, openNode, type RunningSystem } from './node.ts'
import { withLoader } from './open-loader.ts'
import { restart } from './restart.ts'
import { verifySlot } from './slots.ts'

export const rollbackCommand: Command<'--once' | '--reboot'> = {
  usage: `kiln-agent rollback: goes back to an earlier generation

  kiln-agent rollback [GENERATION] [--once] [--reboot]

  GENERATION  as kiln-agent state lists them; default: the last good one before the running one
  --once      for the next start only; nothing is changed
  --reboot    restart when it is done

Without --once, the generation's slot becomes a new generation, which is on trial like after an upgrade.
`,
  flags: ['--once', '--reboot'],
  words: 1,
  run: (host, { flags, words }) => rollback(host, words[0], flags.has('--once'), flags.has('--reboot')),
}

function rollback(host: Host, wanted: string | undefined, once: boolean, reboot: boolean): number {
  withLifecycleLock(host, 'rollback', () => {
    const node = openNode(host)
    const target = rollbackTarget(loadRecord(node), node.running, wanted)
    if (once) {
      withLoader(host, node.disk, 'write', (loader) => loader.once(entryId(target.number)))
      host.print(`The next start takes generation ${target.number} (${target.image.version}), once.\n`)
    } else {
      const fresh = armOlder(node, target)
      host.print(
        `Generation ${fresh.number} is generation ${target.number} (${target.image.version}) again; it runs from the next start on.\n`,
      )
    }
  })
  if (reboot) restart(host)
  return 0
}

/** @throws AgentError slot-damaged before anything is changed */
function armOlder(node: Node, target: Generation): Generation {
  const payload = verifySlot(node.host, node.disk.state, target.slot)
  const staged = {
    slot: target.slot,
    payload,
    source: `generation:${target.number}`,
    rolledBackTo: target.number,
  }
  return withLoader(node.host, node.disk, 'write', (loader) => armGeneration(node, loader, staged))
}

/**
 * Which generation to go back to. Pure.
 * @param wanted number as text
 * @throws AgentError no-such-generation, bad-generation
 */
export function rollbackTarget(
  record: NodeRecord,
  running: RunningSystem,
  wanted: string | undefined,
): Generation {
  const target = wanted === undefined ? previousGood(record, running) : named(record, wanted)
  if (target.number === running.generation) {
    throw new AgentError('bad-generation', `Generation ${target.number} is the one that runs.`)
  }
  if (target.status !== 'good') {
    throw new AgentError('bad-generation', `Generation ${target.number} is ${target.status}, not good.`)
  }
  return target
}

function named(record: NodeRecord, wanted: string): Generation {
  const target = findGeneration(record, Number(wanted.replace(/^kiln-/, '')))
  if (target) return target
  throw new AgentError('no-such-generation', `"${wanted}" is none of ${numbers(record)}.`)
}

/** Another slot, too: going back to the same system would help nobody. */
function previousGood(record: NodeRecord, running: RunningSystem): Generation {
  const before = running.generation ?? Number.POSITIVE_INFINITY
  const target = record.generations.findLast(
    ({ number, status, slot }) => status === 'good' && number < before && slot !== running.slot,
  )
  if (target) return target
  throw new AgentError('no-such-generation', 'There is no good generation before the one that runs.')
}

function numbers(record: NodeRecord): string {
  return record.generations.map(({ number }) => number).join(', ') || 'none'
}
