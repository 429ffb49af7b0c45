import { forgetOthers, keepable, keptGenerations, withdrawGeneration } from '@kiln/contract'
import { finishOperationOf } from './arm.ts'
import type { BootLoader } from './boot-loader.ts'
import { changeRecord, loadRecord, type Node } from './node.ts'
import { listSlots, pruneSlots, withStateWritable } from './slots.ts'

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

/** Whether there is something to let go of: generations in the record, or slots. Only looks. */
export function isUntidy(node: Node): boolean {
  const record = loadRecord(node)
  const { running } = node
  if (forgetOthers(record, running).generations.length < record.generations.length) return true
  const kept = keepable(record, running)
  return listSlots(node.host, node.disk.state).some((slot) => !kept.includes(slot))
}
