import { type Generation, newestGeneration, withdrawGeneration } from '@kiln/contract'
import type { BootLoader } from '../lifecycle/boot-loader.ts'
import { changeRecord, loadRecord, type Node, timestamp } from '../lifecycle/node.ts'

/**
 * Takes a generation back: first in the loader, then in the record, so that nothing is left that leads to something that is
 * gone. Its slot goes with the next pruning.
 */
export function letGo(node: Node, loader: BootLoader, number: number): void {
  loader.removeEntry(number)
  changeRecord(node, (record) => {
    // The highest number stays, so that it is not given again.
    if (newestGeneration(record)?.number !== number) return withdrawGeneration(record, number)
    const failure = { reason: 'replaced', at: timestamp(node.host), detail: 'before it was tried' }
    const generations = record.generations.map(
      (generation): Generation =>
        generation.number === number ? { ...generation, status: 'bad', failure } : generation,
    )
    return { ...record, generations }
  })
}

/** What was armed before and not tried: a fallback shall end on what is good, not on that. */
export function letGoUntried(node: Node, loader: BootLoader, newest: number): void {
  const untried = loadRecord(node).generations.filter(
    ({ number, status }) =>
      number < newest && number !== node.running.generation && (status === 'armed' || status === 'trial'),
  )
  for (const { number } of untried) letGo(node, loader, number)
}
