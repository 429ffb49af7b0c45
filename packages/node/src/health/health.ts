import { bless, findGeneration, type Generation, noteFailure } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { bootFacts } from '../boot-facts.ts'
import type { Collected } from '../cloud-config/collect.ts'
import { nodeConfig } from '../cloud-config/gather.ts'
import type { Command } from '../command.ts'
import { printOnConsoles } from '../consoles.ts'
import type { Host } from '../host/host.ts'
import { finishOperationOf } from '../lifecycle/arm.ts'
import { withLifecycleLock } from '../lifecycle/lock.ts'
import { changeRecord, loadRecord, type Node, openNode, timestamp } from '../lifecycle/node.ts'
import { withLoader } from '../lifecycle/open-loader.ts'
import { dropSuperseded, isUntidy, pruneNode } from '../lifecycle/prune.ts'
import { awaitHealth } from './gate.ts'
import { gateOf } from './probes.ts'

const lockPauseMs = 2000
/** An operation of a person may hold the lock, and downloads take time. */
const lockPatienceMs = 30 * 60_000

export const healthCommand: Command<'--check'> = {
  usage: `kiln-agent health: decides whether a new generation is good

  kiln-agent health [--check]

  --check     only look once and say what is wrong

Run by kiln-health.service. Probes come from kiln.health of the cloud-configs.
`,
  flags: ['--check'],
  words: 0,
  run: (host, { flags }) => (flags.has('--check') ? check(host) : runGate(host)),
}

function check(host: Host): number {
  const findings = awaitHealth(host, { ...gateIn(nodeConfig(host)), timeoutMs: 0 })
  host.print(findings.length === 0 ? 'healthy\n' : findings.map((finding) => `${finding}\n`).join(''))
  return findings.length === 0 ? 0 : 1
}

function gateIn({ sources }: Collected) {
  return gateOf(sources.flatMap(({ config }) => config?.kiln?.health ?? []))
}

/** Does nothing where nothing is on trial. @returns the exit code */
export function runGate(host: Host): number {
  const mode = bootFacts(host)?.mode
  if (mode !== 'active' && mode !== 'passive') return 0
  const node = openNode(host)
  const generation = onTrial(node)
  if (!generation) {
    tidyUp(node)
    return 0
  }
  const config = nodeConfig(host)
  const findings = awaitHealth(host, gateIn(config))
  if (findings.length > 0) return refuse(node, generation, findings)
  whenFree(host, () => accept(node, generation, config.config.kiln?.keep))
  host.print(`kiln: generation ${generation.number} is good\n`)
  return 0
}

function onTrial(node: Node): Generation | undefined {
  const { generation: number } = node.running
  const generation = number === undefined ? undefined : findGeneration(loadRecord(node), number)
  return generation?.status === 'armed' || generation?.status === 'trial' ? generation : undefined
}

/**
 * The loader first: a record that says good while the loader still counts would be believed.
 * @param keep generations to keep from now on, where the cloud-config says it
 */
function accept(node: Node, { number }: Generation, keep: number | undefined): void {
  withLoader(node.host, node.disk, 'write', (loader) => {
    loader.bless(number)
    changeRecord(node, (record) => {
      const blessed = finishOperationOf(bless(record, number), number)
      return keep === undefined ? blessed : { ...blessed, keep }
    })
    dropSuperseded(node, loader, number)
    pruneNode(node, loader)
  })
}

/** Blessing, or what follows it, was broken off after what counts. */
function tidyUp(node: Node): void {
  if (!isUntidy(node)) return
  whenFree(node.host, () => withLoader(node.host, node.disk, 'write', (loader) => pruneNode(node, loader)))
}

function refuse(node: Node, { number }: Generation, findings: readonly string[]): number {
  const { host } = node
  const detail = findings.join('; ')
  const failure = { reason: 'not-healthy', at: timestamp(host), detail }
  const record = whenFree(host, () => changeRecord(node, (before) => noteFailure(before, number, failure)))
  const other = record.generations.some((each) => each.status === 'good' && each.number !== number)
  if (!other) {
    // Counted down to nothing, it would end in recovery, which is not better than a system with a fault.
    whenFree(host, () => withLoader(host, node.disk, 'write', (loader) => loader.bless(number)))
    printOnConsoles(
      host,
      `\nkiln: not healthy: ${detail}\nkiln: there is no other generation to fall back to\n`,
    )
    return 1
  }
  printOnConsoles(host, `\nkiln: not healthy: ${detail}\nkiln: restarting\n`)
  host.run(['systemctl', '--no-block', 'reboot'])
  return 1
}

/** Waits for the lock where another operation runs. @throws AgentError busy after a long time */
function whenFree<T>(host: Host, action: () => T): T {
  const deadline = host.uptime() + lockPatienceMs
  for (;;) {
    try {
      return withLifecycleLock(host, 'health', action)
    } catch (error) {
      const isBusy = error instanceof AgentError && error.reason === 'busy'
      if (!isBusy || host.uptime() >= deadline) throw error
      host.sleep(lockPauseMs)
    }
  }
}
