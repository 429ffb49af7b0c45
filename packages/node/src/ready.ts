import type { NodeRecord } from '@kiln/contract'
import { AgentError } from './agent-error.ts'
import { bootFacts } from './boot-facts.ts'
import { printOnConsoles } from './consoles.ts'
import { type Host, HostError } from './host/host.ts'
import { paths } from './initramfs/paths.ts'
import { runningSystem } from './lifecycle/node.ts'
import { failureText } from './lifecycle/reconcile.ts'
import { readRecord } from './lifecycle/record-file.ts'
import { readRelease } from './release-file.ts'

/** Waits until systemd has nothing left to start, and says on every console what came up. @returns the exit code */
export function announceReady(host: Host): number {
  // Its exit code says whether units failed; those are named below.
  host.run(['systemctl', 'is-system-running', '--wait'])
  const failed = failedUnits(host)
  const [seconds = '0'] = host.readText('/proc/uptime').split(' ')
  const facts = {
    release: readRelease(host),
    verified: bootFacts(host)?.rootHash !== undefined,
    failed,
    seconds: Number(seconds),
    ...generationFacts(host),
  }
  printOnConsoles(host, readyText(facts))
  // Not a failure of its own: this unit would then stand among the failed ones.
  return 0
}

interface ReadyFacts {
  readonly release: Readonly<Record<string, string>>
  readonly verified: boolean
  readonly failed: readonly string[]
  /** Since the kernel started. */
  readonly seconds: number
  /** `generation 3 (good)`; undefined where the system was not installed. */
  readonly generation?: string | undefined
  /** Why a newer generation does not run. */
  readonly givenUp?: string | undefined
}

/** One line that tests and people look for; a second one only if something failed. */
export function readyText({ release, verified, failed, seconds, generation, givenUp }: ReadyFacts): string {
  const name = release.KAIROS_NAME || release.KAIROS_IMAGE_LABEL || 'unnamed'
  const parts = [
    [name, release.KAIROS_VERSION].filter(Boolean).join(' '),
    ...(generation === undefined ? [] : [generation]),
    verified ? 'root verified' : 'root not verified',
    `${failed.length} failed ${failed.length === 1 ? 'unit' : 'units'}`,
    `${seconds.toFixed(1)} s since boot`,
  ]
  const units = failed.length === 0 ? '' : `kiln: failed units: ${failed.join(' ')}\n`
  const reason = givenUp === undefined ? '' : `kiln: ${givenUp}\n`
  return `\nkiln: up: ${parts.join(', ')}\n${units}${reason}`
}

/** What the record says; a broken one is told elsewhere and must not keep this line away. */
function generationFacts(host: Host): Pick<ReadyFacts, 'generation' | 'givenUp'> {
  const { generation: running, mode } = runningSystem(host)
  if (mode === 'recovery') return { generation: 'recovery' }
  const record = recordOrNothing(host)
  const own = record?.generations.find(({ number }) => number === running)
  if (!record || !own) return {}
  const newer = record.generations.findLast(({ number, status }) => number > own.number && status === 'bad')
  return {
    generation: `generation ${own.number} (${own.status})`,
    givenUp: newer?.failure && `generation ${newer.number} was given up: ${failureText(newer.failure)}`,
  }
}

function recordOrNothing(host: Host): NodeRecord | undefined {
  try {
    return readRecord(host, paths.statePartition)
  } catch (error) {
    if (error instanceof AgentError || error instanceof HostError) return undefined
    throw error
  }
}

function failedUnits(host: Host): string[] {
  const { stdout } = host.run(['systemctl', 'list-units', '--failed', '--plain', '--no-legend'])
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[0] ?? '')
    .filter(Boolean)
}
