import {
  advanceOperation,
  beginOperation,
  finishOperation,
  keepable,
  type NodeRecord,
  type Operation,
} from '@kiln/contract'
import { armGeneration, replaceRecovery, type StagedSlot } from '../lifecycle/arm.ts'
import type { BootLoader } from '../lifecycle/boot-loader.ts'
import { runHookStages } from '../lifecycle/hook-stages.ts'
import { changeRecord, loadRecord, type Node, timestamp } from '../lifecycle/node.ts'
import { withLoader } from '../lifecycle/open-loader.ts'
import { pruneNode } from '../lifecycle/prune.ts'
import { slotFolder, stageSlot, withStateWritable } from '../lifecycle/slots.ts'
import { stageBootFiles } from '../lifecycle/stage-boot-files.ts'
import { withKnownRecovery } from './known-recovery.ts'
import { letGo, letGoUntried } from './let-go.ts'
import { noteAttempt } from './note-attempt.ts'
import type { UpgradeSession } from './session.ts'
import { phaseOf, type UpgradeStep } from './step.ts'
import { verifyRootImage } from './verity.ts'

type StepOf<K extends UpgradeStep['kind']> = Extract<UpgradeStep, { readonly kind: K }>

/** One function for each kind of step; a kind without one does not compile. */
const executors: {
  readonly [K in UpgradeStep['kind']]: (step: StepOf<K>, session: UpgradeSession) => void
} = {
  hook: runHook,
  begin: (_step, session) => {
    const { node, facts } = session
    changeRecord(node, (record) =>
      beginOperation(withKnownRecovery(node, facts.entries, record), operationOf(record, session)),
    )
  },
  release: ({ generations }, { node }) => {
    withWritableLoader(node, (loader) => {
      // What is older than those goes before them, or it would be kept in their place.
      pruneNode(node, loader)
      if (generations.length === 0) return
      for (const number of generations) letGo(node, loader, number)
      pruneNode(node, loader)
    })
  },
  fetch: (_step, { node, source, report }) => {
    const { host, disk, running } = node
    const inUse = keepable(finishOperation(loadRecord(node)), running)
    withStateWritable(host, disk.state, () =>
      stageSlot(host, disk.state, source, { inUse, progress: report.bytes }),
    )
    stageBootFiles(host, source, (access, action) => withLoader(host, disk, access, action), {
      progress: report.bytes,
    })
  },
  verify: (_step, { node, plan, facts }) => {
    const { root } = facts.payload
    verifyRootImage(node.host, `${slotFolder(node.disk.state, plan.slot)}/${root.file}`, root)
  },
  loader: ({ version }, { node, plan, facts }) => {
    const folder = slotFolder(node.disk.state, plan.slot)
    withWritableLoader(node, (loader) => loader.update({ folder, card: facts.payload.bootLoader }))
    changeRecord(node, (record) => ({ ...record, bootLoader: { version } }))
  },
  arm: (_step, session) => {
    const { node } = session
    const { number } = withWritableLoader(node, (loader) => armGeneration(node, loader, stagedOf(session)))
    session.generation = number
    changeRecord(node, (record) =>
      advanceOperation(record, 'reboot', { detail: { ...record.operation?.detail, generation: number } }),
    )
  },
  recovery: (_step, session) => {
    const { node } = session
    withWritableLoader(node, (loader) => replaceRecovery(node, loader, stagedOf(session)))
    changeRecord(node, finishOperation)
  },
  finish: (_step, { node }) => void changeRecord(node, finishOperation),
  settle: (_step, { node, generation }) => {
    withWritableLoader(node, (loader) => {
      if (generation !== undefined) letGoUntried(node, loader, generation)
      pruneNode(node, loader)
    })
  },
}

/**
 * Does the steps in order; each notes its phase in the node's record, and one that fails the reason.
 * @throws SourceError, AgentError, HostError
 */
export function execute(steps: readonly UpgradeStep[], session: UpgradeSession): void {
  try {
    executeAll(steps, session)
  } catch (error) {
    noteAttempt(session, error)
    throw error
  }
}

function executeAll(steps: readonly UpgradeStep[], session: UpgradeSession): void {
  for (const [index, step] of steps.entries()) {
    session.report.step(index, steps.length, step)
    const phase = phaseOf[step.kind]
    if (phase !== undefined && step.kind !== 'begin') {
      changeRecord(session.node, (record) => advanceOperation(record, phase))
    }
    perform(step, session)
  }
}

function perform<K extends UpgradeStep['kind']>(step: StepOf<K>, session: UpgradeSession): void {
  const executor = executors[step.kind] as (step: StepOf<K>, session: UpgradeSession) => void
  executor(step, session)
}

function withWritableLoader<T>({ host, disk }: Node, action: (loader: BootLoader) => T): T {
  return withLoader(host, disk, 'write', action)
}

/** The same upgrade that was broken off keeps its beginning. */
function operationOf(record: NodeRecord, { node, source, plan, facts }: UpgradeSession): Operation {
  const kind = facts.recovery ? 'upgrade-recovery' : 'upgrade'
  const { operation: before } = record
  const isSame = before?.kind === kind && before.slot === plan.slot
  const { version } = facts.payload.image
  return {
    id: isSame ? before.id : `${kind}-${record.sequence + 1}`,
    kind,
    phase: 'fetch',
    started: isSame ? before.started : timestamp(node.host),
    source: source.reference,
    slot: plan.slot,
    detail: { version, digest: facts.digest, bytes: facts.whole.state },
  }
}

function stagedOf({ plan, facts, source }: UpgradeSession): StagedSlot {
  return { slot: plan.slot, payload: facts.payload, source: source.reference }
}

function runHook({ stage }: StepOf<'hook'>, { node, report }: UpgradeSession): void {
  runHookStages(node.host, stage, (failed) =>
    report.warn(`a step of ${failed} failed; see kiln-agent stages`),
  )
}
