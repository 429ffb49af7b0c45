import { emptyRecord, type NodeRecord } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { bootFacts } from '../boot-facts.ts'
import { reportFailures } from '../command.ts'
import { printOnConsoles } from '../consoles.ts'
import type { Host } from '../host/host.ts'
import type { LoaderEntry } from './boot-loader.ts'
import { readFailureNotes, removeFailureNotes } from './failure-notes.ts'
import { writeFallbackSentinel } from './fallback-sentinel.ts'
import { withLifecycleLock } from './lock.ts'
import { changeRecord, type Node, openNode, timestamp } from './node.ts'
import { withLoader } from './open-loader.ts'
import { rebuildRecord } from './rebuild.ts'
import { reconcile } from './reconcile.ts'
import { readRecord, writeRecord } from './record-file.ts'
import { resumeReset } from './reset-resume.ts'
import { withStateWritable } from './slots.ts'

/** `kiln-agent reconcile`: early in user space, brings the record to what happened. @returns the exit code */
export function runReconcile(host: Host): number {
  const mode = bootFacts(host)?.mode
  // Not an installed system: nothing to look after.
  if (mode === undefined || mode === 'live') return 0
  return reportFailures(host, () => {
    const node = openNode(host)
    withLifecycleLock(host, 'reconcile', () => {
      reconcileNode(node)
      resumeReset(node)
    })
    return 0
  })
}

export function reconcileNode(node: Node): void {
  const { host, disk, running } = node
  const entries = withLoader(host, disk, 'read', (loader) => loader.entries())
  const record = recordOrRebuilt(node, entries)
  const notes = readFailureNotes(host, disk.state)
  const result = reconcile({ record, running, entries, notes, now: timestamp(host) })
  const { bless, remove } = result
  if (bless !== undefined && remove.length > 0) {
    withLoader(host, disk, 'write', (loader) => {
      loader.bless(bless)
      for (const generation of remove) loader.removeEntry(generation)
    })
  }
  changeRecord(node, () => result.record)
  writeFallbackSentinel(node, result.record)
  // The record has them now; before, a power cut would have lost them.
  if (result.consumed.length > 0) {
    withStateWritable(host, disk.state, () => removeFailureNotes(host, disk.state, result.consumed))
  }
  if (result.messages.length > 0) {
    printOnConsoles(host, `\n${result.messages.map((message) => `kiln: ${message}\n`).join('')}`)
  }
}

/** Both copies lost at once is no power cut; what the loader and the slots say is enough to go on. */
function recordOrRebuilt(node: Node, entries: readonly LoaderEntry[]): NodeRecord {
  const { host, disk } = node
  try {
    const record = readRecord(host, disk.state)
    if (record) return record
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    host.printError(`kiln: ${error.title}: ${error.message}; it is made anew\n`)
  }
  const rebuilt = rebuildRecord(node, entries, emptyRecord())
  return withStateWritable(host, disk.state, () => writeRecord(host, disk.state, rebuilt))
}
