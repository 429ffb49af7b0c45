import { type NodeRecord, recoveryId, setRecovery } from '@kiln/contract'
import { imageOf } from '../lifecycle/arm.ts'
import type { LoaderEntry } from '../lifecycle/boot-loader.ts'
import { type Node, timestamp } from '../lifecycle/node.ts'
import { slotCard } from './facts.ts'

/**
 * The record with the recovery system that the loader starts. An upgrade of recovery that was broken off after the loader's
 * write leaves the record behind it; without this, the next pruning would take that system's slot away.
 */
export function withKnownRecovery(
  node: Node,
  entries: readonly LoaderEntry[],
  record: NodeRecord,
): NodeRecord {
  const slot = entries.find(({ id }) => id === recoveryId)?.slot
  const card = slot === undefined || slot === record.recovery?.slot ? undefined : slotCard(node, slot)
  if (slot === undefined || !card) return record
  const source = record.operation?.slot === slot ? record.operation.source : undefined
  const image = imageOf(card.payload)
  return setRecovery(record, { slot, image, source: source ?? 'unknown', made: timestamp(node.host) })
}
