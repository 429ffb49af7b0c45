import type { Operation } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { HostError } from '../host/host.ts'
import { failureOf } from '../install/failure.ts'
import { changeRecord, timestamp } from '../lifecycle/node.ts'
import { SourceError } from '../source/error.ts'
import type { UpgradeSession } from './session.ts'

/** Keeps in the record why an upgrade was broken off; for people, it decides nothing. */
export function noteAttempt({ node, plan }: UpgradeSession, error: unknown): void {
  // Whatever else is thrown is a defect, and may be thrown again by what would note it.
  if (!(error instanceof AgentError || error instanceof SourceError || error instanceof HostError)) return
  const { reason, message: detail } = failureOf(error)
  const failure = { reason, detail, at: timestamp(node.host) }
  try {
    changeRecord(node, (record) => {
      const { operation } = record
      return isOwn(operation, plan.slot) ? { ...record, operation: { ...operation, failure } } : record
    })
  } catch (second) {
    // A disk that is full or broken takes no note, either; the first reason is the one to tell.
    if (!(second instanceof AgentError || second instanceof HostError)) throw second
  }
}

/** One that was begun before may still stand there. */
function isOwn(operation: Operation | undefined, slot: string): operation is Operation {
  return operation?.slot === slot && (operation.kind === 'upgrade' || operation.kind === 'upgrade-recovery')
}
