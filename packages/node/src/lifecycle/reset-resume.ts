import { advanceOperation, finishOperation, type NodeRecord } from '@kiln/contract'
import { printOnConsoles } from '../consoles.ts'
import { changeRecord, loadRecord, type Node, timestamp } from './node.ts'
import { startRecoveryOnce } from './recovery.ts'
import { resetDetail } from './reset-job.ts'
import { restart } from './restart.ts'

/** A recovery system that does not come up must not keep a machine restarting. */
const mostAttempts = 3

/**
 * A reset that was begun is gone on with, in recovery: there, kiln-reset.service does it. Whatever else was started, perhaps
 * after a power cut, leads back to it.
 */
export function resumeReset(node: Node): void {
  const { host, running } = node
  const { operation } = loadRecord(node)
  if (operation?.kind !== 'reset' || running.mode === 'recovery') return
  const detail = resetDetail(operation)
  // Only the last word was missing: what a reset makes is running.
  if (operation.phase === 'generation' && operation.slot !== undefined && operation.slot === running.slot) {
    changeRecord(node, finishOperation)
    return
  }
  if (detail.attempts >= mostAttempts) {
    changeRecord(node, (record) => giveUp(record, timestamp(host)))
    printOnConsoles(host, '\nkiln: the reset is given up: the recovery system does not come up\n')
    return
  }
  const attempts = detail.attempts + 1
  changeRecord(node, (record) =>
    advanceOperation(record, operation.phase, { detail: { ...detail, attempts } }),
  )
  startRecoveryOnce(node)
  printOnConsoles(host, '\nkiln: a reset was begun; restarting into recovery to go on with it\n')
  restart(host)
}

function giveUp(record: NodeRecord, at: string): NodeRecord {
  const detail = `the recovery system did not come up in ${mostAttempts} tries`
  return { ...finishOperation(record), lastFailure: { reason: 'reset-failed', at, detail } }
}
