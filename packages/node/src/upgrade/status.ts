import { findGeneration, type NodeRecord, type Operation, sizeText } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { exists } from '../host/tree.ts'
import { loadRecord, type Node, openNode } from '../lifecycle/node.ts'
import { slotFolder } from '../lifecycle/slots.ts'
import { folderBytes } from './measure.ts'

/** Where the last upgrade is. */
export interface UpgradeStatus {
  readonly schema: 'kiln.upgrade-status/v1'
  /** `none`: nothing was begun, or all is decided; `failed`: the last attempt was broken off. */
  readonly state: 'none' | 'begun' | 'failed' | 'armed' | 'trial'
  readonly phase?: string
  readonly source?: string
  readonly version?: string
  readonly started?: string
  readonly generation?: number
  readonly bytes?: { readonly done: number; readonly total: number }
  /** Of the last attempt. */
  readonly failure?: Operation['failure']
  readonly lastFailure?: NodeRecord['lastFailure']
}

/** `kiln-agent upgrade status`. Takes no lock: it is for looking on. @throws AgentError */
export function showStatus(host: Host, json: boolean): number {
  const status = upgradeStatus(openNode(host))
  host.print(json ? `${JSON.stringify(status, undefined, 2)}\n` : statusText(status))
  return 0
}

export function upgradeStatus(node: Node): UpgradeStatus {
  const record = loadRecord(node)
  const { operation, lastFailure } = record
  const rest = lastFailure ? { lastFailure } : {}
  if (operation?.kind !== 'upgrade' && operation?.kind !== 'upgrade-recovery') {
    return { schema: 'kiln.upgrade-status/v1', state: 'none', ...rest }
  }
  const { phase, source, started, slot, detail, failure } = operation
  const number = detail?.generation
  const generation = typeof number === 'number' ? findGeneration(record, number) : undefined
  const total = detail?.bytes
  const began = failure ? 'failed' : 'begun'
  return {
    schema: 'kiln.upgrade-status/v1',
    state: generation?.status === 'armed' || generation?.status === 'trial' ? generation.status : began,
    phase,
    started,
    ...(source === undefined ? {} : { source }),
    ...(typeof detail?.version === 'string' ? { version: detail.version } : {}),
    ...(generation ? { generation: generation.number } : {}),
    ...(failure ? { failure } : {}),
    ...(typeof total === 'number' && slot ? { bytes: { done: bytesOf(node, slot, total), total } } : {}),
    ...rest,
  }
}

function bytesOf({ host, disk }: Node, slot: string, total: number): number {
  if (exists(host, slotFolder(disk.state, slot))) return total
  return Math.min(total, folderBytes(host, slotFolder(disk.state, `.part-${slot}`)))
}

function statusText({
  state,
  phase,
  source,
  version,
  started,
  generation,
  bytes,
  failure: broken,
  lastFailure,
}: UpgradeStatus): string {
  const what = `${version ?? 'an upgrade'}${source ? ` from ${source}` : ''}`
  const progress = bytes ? `, ${sizeText(bytes.done)} of ${sizeText(bytes.total)} on the disk` : ''
  const texts: Readonly<Record<UpgradeStatus['state'], string>> = {
    none: 'no upgrade is going on',
    begun: `begun at ${started}: ${what}, phase ${phase}${progress}`,
    failed: `broken off at ${broken?.at}: ${what}, phase ${phase}${progress}\nbecause: ${broken?.detail ?? broken?.reason}\nthe same upgrade goes on where it was; kiln-agent upgrade abort takes it back`,
    armed: `armed as generation ${generation}: ${what}; it runs from the next start on`,
    trial: `on trial as generation ${generation}: ${what}`,
  }
  const failure = lastFailure
    ? `last failure: ${lastFailure.generation ? `generation ${lastFailure.generation}: ` : ''}${lastFailure.reason} at ${lastFailure.at}\n`
    : ''
  return `${texts[state]}\n${failure}`
}
