import { findGeneration, finishOperation, type NodeRecord } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import type { Host } from '../host/host.ts'
import { withLifecycleLock } from '../lifecycle/lock.ts'
import { changeRecord, loadRecord, type Node, openNode } from '../lifecycle/node.ts'
import { withLoader } from '../lifecycle/open-loader.ts'
import { pruneNode } from '../lifecycle/prune.ts'
import { forgetFetched } from '../lifecycle/stage-boot-files.ts'
import { withKnownRecovery } from './known-recovery.ts'
import { letGo } from './let-go.ts'

/** `kiln-agent upgrade abort`: takes back what was begun or armed. @returns the exit code. @throws AgentError */
export function abortUpgrade(host: Host): number {
  const text = withLifecycleLock(host, 'upgrade abort', () => abort(openNode(host)))
  host.print(`${text}\n`)
  return 0
}

/** @returns what was done, for people. @throws AgentError not-allowed */
export function abort(node: Node): string {
  const record = loadRecord(node)
  const { operation } = record
  if (operation?.kind !== 'upgrade' && operation?.kind !== 'upgrade-recovery') {
    // It may have been taken back already, and broken off before the last step.
    withLoader(node.host, node.disk, 'write', (loader) => pruneNode(node, loader))
    return 'no upgrade was begun'
  }
  const armed = armedBy(node, record)
  return withLoader(node.host, node.disk, 'write', (loader) => {
    if (armed !== undefined) letGo(node, loader, armed)
    changeRecord(node, (before) => finishOperation(withKnownRecovery(node, loader.entries(), before)))
    pruneNode(node, loader)
    forgetFetched(node.host)
    const what = String(operation.detail?.version ?? 'the upgrade')
    return armed === undefined ? `${what} is not fetched any further` : `${what} is not armed any more`
  })
}

/** @throws AgentError not-allowed where it was started already */
function armedBy({ running }: Node, record: NodeRecord): number | undefined {
  const { operation } = record
  const number = operation?.detail?.generation
  const generation =
    typeof number === 'number'
      ? findGeneration(record, number)
      : // Broken off between the record and the note of what was armed.
        record.generations.findLast(({ slot, status }) => slot === operation?.slot && status === 'armed')
  // Taken back already, when this was broken off.
  if (!generation || generation.status === 'bad') return undefined
  if (generation.status === 'armed' && generation.number !== running.generation) return generation.number
  throw new AgentError(
    'not-allowed',
    `Generation ${generation.number} was started already (${generation.status}); kiln-agent rollback goes back.`,
  )
}
