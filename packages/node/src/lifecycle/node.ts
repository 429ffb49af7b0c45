import { emptyRecord, type NodeRecord, type Running } from '@kiln/contract'
import { bootFacts } from '../boot-facts.ts'
import type { Host } from '../host/host.ts'
import { findNodeDisk, type NodeDisk } from './node-disk.ts'
import { readRecord, writeRecord } from './record-file.ts'
import { withStateWritable } from './slots.ts'

/** The installed system that this program runs on. */
export interface Node {
  readonly host: Host
  readonly disk: NodeDisk
  readonly running: RunningSystem
}

export interface RunningSystem extends Running {
  /** As the field has them: `active`, `passive`, `recovery`, `live`. */
  readonly mode: string
}

/** @throws AgentError not-installed, disk-not-found */
export function openNode(host: Host): Node {
  return { host, disk: findNodeDisk(host), running: runningSystem(host) }
}

/** What runs, as the initramfs noted it. */
export function runningSystem(host: Host): RunningSystem {
  const { mode, generation, slot } = bootFacts(host) ?? {}
  return {
    mode: typeof mode === 'string' ? mode : 'unknown',
    ...(typeof generation === 'number' ? { generation } : {}),
    ...(typeof slot === 'string' ? { slot } : {}),
  }
}

/** @throws AgentError record-damaged */
export function loadRecord({ host, disk }: Node): NodeRecord {
  return readRecord(host, disk.state) ?? emptyRecord()
}

/**
 * Reads the record, changes it and writes it back, if it became another one. The caller holds the lifecycle lock.
 * @throws AgentError record-damaged
 */
export function changeRecord(node: Node, change: (record: NodeRecord) => NodeRecord): NodeRecord {
  const before = loadRecord(node)
  const after = change(before)
  if (JSON.stringify(after) === JSON.stringify(before)) return before
  const { host, disk } = node
  return withStateWritable(host, disk.state, () => writeRecord(host, disk.state, after))
}

/** RFC 3339, whole seconds. */
export function timestamp(host: Pick<Host, 'now'>): string {
  return new Date(host.now()).toISOString().replace(/\.\d+Z$/, 'Z')
}
