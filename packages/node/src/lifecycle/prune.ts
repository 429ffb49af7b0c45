import { forgetOthers, keepable, keptGenerations, newestGeneration, withdrawGeneration } from '@kiln/contract'
import { finishOperationOf } from './arm.ts'
import type { BootLoader } from './boot-loader.ts'
import { changeRecord, loadRecord, type Node } from './node.ts'
import { pruneSlots, withStateWritable } from './slots.ts'

/**
 * Lets go of what no kept generation needs: first boot entries, then their files, the record, and slots last, so that
 * nothing that is left over leads to something that is gone.
 * @returns bytes that became free on COS_STATE
 */
export function pruneNode(node: Node, loader: BootLoader): number {
  const { host, disk, running } = node
  const record = loadRecord(node)
  const kept = keptGenerations(record, running).map(({ number }) => number)
  for (const { generation } of loader.entries()) {
    if (generation !== undefined && !kept.includes(generation)) loader.removeEntry(generation)
  }
  const slots = keepable(record, running)
  loader.prune(slots)
  changeRecord(node, (before) => forgetOthers(before, running))
  return withStateWritable(host, disk.state, () => pruneSlots(host, disk.state, slots))
}

/** Older generations that were armed and never came to their turn: a newer one is good now. */
export function dropSuperseded(node: Node, loader: BootLoader, good: number): void {
  const superseded = loadRecord(node).generations.filter(
    ({ number, status }) => number < good && (status === 'armed' || status === 'trial'),
  )
  for (const { number } of superseded) {
    loader.removeEntry(number)
    changeRecord(node, (record) => finishOperationOf(withdrawGeneration(record, number), number))
  }
}

/** Whether a generation is the newest that the record knows. */
export function isNewest(node: Node, generation: number): boolean {
  return newestGeneration(loadRecord(node))?.number === generation
}
