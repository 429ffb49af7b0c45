import { type NodeRecord, type Payload, parsePackages, payloadCard } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { fileDigest } from '../host/sha256sum.ts'
import { readIfThere } from '../host/tree.ts'
import { loadRecord, type Node } from '../lifecycle/node.ts'
import { machineArchitecture } from '../lifecycle/open-loader.ts'
import { slotFolder } from '../lifecycle/slots.ts'
import { parseCard } from '../source/card.ts'
import { SourceError } from '../source/error.ts'
import type { PayloadSource } from '../source/source.ts'
import { measure } from './measure.ts'
import type { UpgradeFacts } from './preflight.ts'

/** What runs, or lies in a slot. */
export interface SlotCard {
  readonly payload: Payload
  /** Of its payload.json. */
  readonly digest: string
}

/** Undefined where there is no such slot, or its card is damaged. */
export function slotCard({ host, disk }: Node, slot: string): SlotCard | undefined {
  const path = `${slotFolder(disk.state, slot)}/${payloadCard}`
  const text = readIfThere(host, path)
  if (text === undefined) return undefined
  try {
    return { payload: parseCard(text, path), digest: fileDigest(host, path) }
  } catch (error) {
    if (error instanceof SourceError) return undefined
    throw error
  }
}

/** The system that runs; in recovery, the recovery system. */
export function runningCard(node: Node): SlotCard | undefined {
  const { slot } = node.running
  return slot === undefined ? undefined : slotCard(node, slot)
}

export function slotPackages({ host, disk }: Node, slot: string | undefined) {
  const text = slot && readIfThere(host, `${slotFolder(disk.state, slot)}/packages.json`)
  return text ? parsePackages(text) : undefined
}

/**
 * Finds out all that an upgrade depends on. Writes nothing; the caller holds the lifecycle lock.
 * @throws SourceError, AgentError not-installed, record-damaged, boot-loader
 */
export function gatherFacts(node: Node, source: PayloadSource, recovery: boolean): UpgradeFacts {
  requireInstalled(node)
  const { payload, digest } = source.describe()
  const record = loadRecord(node)
  const slot = payload.root.rootHash
  const known = slotCard(node, slot)
  return {
    payload,
    digest,
    recovery,
    arch: machineArchitecture(node.host),
    running: node.running,
    current: runningCard(node),
    record,
    loaderVersion: loaderVersion(node, record),
    slotDigests: new Map(known ? [[slot, known.digest]] : []),
    ...measure(node, payload, known?.digest === digest),
  }
}

/** An unknown way to have come up may be anything: a chroot, another system's initramfs. */
function requireInstalled({ running }: Node): void {
  if (['active', 'passive', 'recovery'].includes(running.mode)) return
  throw new AgentError('not-installed', `It is not known how this system was started (${running.mode}).`)
}

/** As the record has it; before the first renewal, that of the system that was installed. */
function loaderVersion(node: Node, record: NodeRecord): string | undefined {
  const [first] = record.generations
  return record.bootLoader?.version ?? (first && slotCard(node, first.slot)?.payload.bootLoader.version)
}
