import { type Generation, type NodeRecord, type RecordedImage, recoveryId } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { imageOf } from './arm.ts'
import type { LoaderEntry } from './boot-loader.ts'
import { type Node, timestamp } from './node.ts'
import { readSlotPayload } from './slots.ts'

/**
 * A record from what the boot loader and the slots say, for a node that lost its own. What was tried is known, where things
 * came from is not.
 */
export function rebuildRecord(node: Node, entries: readonly LoaderEntry[], empty: NodeRecord): NodeRecord {
  const made = timestamp(node.host)
  const generations = entries
    .flatMap((entry) => generationOf(node, entry, made))
    .toSorted((a, b) => a.number - b.number)
  const recovery = entries.find(({ id }) => id === recoveryId)?.slot
  const image = recovery === undefined ? undefined : imageOfSlot(node, recovery)
  return {
    ...empty,
    generations,
    ...(recovery && image ? { recovery: { slot: recovery, image, source: 'unknown', made } } : {}),
  }
}

function generationOf(node: Node, { generation, slot, triesLeft }: LoaderEntry, made: string): Generation[] {
  const image = slot === undefined ? undefined : imageOfSlot(node, slot)
  if (generation === undefined || slot === undefined || !image) return []
  const status = triesLeft === undefined ? 'good' : triesLeft === 0 ? 'bad' : 'trial'
  return [{ number: generation, slot, image, source: 'unknown', made, status }]
}

function imageOfSlot({ host, disk }: Node, slot: string): RecordedImage | undefined {
  try {
    return imageOf(readSlotPayload(host, disk.state, slot))
  } catch (error) {
    if (error instanceof AgentError) return undefined
    throw error
  }
}
