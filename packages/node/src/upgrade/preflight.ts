import {
  compareVersionLists,
  findGeneration,
  type NodeRecord,
  newestGeneration,
  type Payload,
  sizeText,
} from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import type { LoaderEntry } from '../lifecycle/boot-loader.ts'
import type { RunningSystem } from '../lifecycle/node.ts'
import { planSpace, type SlotBytes, type SpacePlan } from './space.ts'
import type { UpgradeStep } from './step.ts'

/** All that is known before anything is done. */
export interface UpgradeFacts {
  readonly payload: Payload
  /** Of its payload.json. */
  readonly digest: string
  /** The recovery system is to be replaced, not the system. */
  readonly recovery: boolean
  /** Of this machine, as images name it. */
  readonly arch: string
  readonly running: RunningSystem
  /** What runs; undefined where its slot cannot be read. */
  readonly current: { readonly payload: Payload; readonly digest: string } | undefined
  readonly record: NodeRecord
  readonly entries: readonly LoaderEntry[]
  /** Digests of the payload.json of the slots that are there. */
  readonly slotDigests: ReadonlyMap<string, string>
  readonly slots: ReadonlyMap<string, SlotBytes>
  /** What the new slot takes where nothing of it is there. */
  readonly whole: SlotBytes
  /** What it still needs. */
  readonly needed: SlotBytes
  readonly available: SlotBytes
  /** Of the boot loader on the disk. */
  readonly loaderVersion: string | undefined
}

export interface UpgradePlan {
  readonly slot: string
  /** `there`: it runs, or is the recovery system; `armed`: only a restart is missing. */
  readonly outcome: 'upgrade' | 'there' | 'armed'
  readonly space: SpacePlan
  readonly steps: readonly UpgradeStep[]
  readonly warnings: readonly string[]
}

/**
 * Decides whether and how a node is upgraded. Pure.
 * @throws AgentError busy, not-compatible, slot-conflict, no-space
 */
export function planUpgrade(facts: UpgradeFacts): UpgradePlan {
  const { payload, record, running, slots, needed, available } = facts
  const slot = payload.root.rootHash
  requireNoOther(record)
  requireFit(facts)
  const space = planSpace({ record, running, slot, slots, needed, available })
  const outcome = outcomeOf(facts)
  const plan = { slot, outcome, space, steps: stepsOf(facts, space, outcome), warnings: warningsOf(facts) }
  if (outcome !== 'upgrade') return plan
  requireFreeSlot(facts)
  requireSpace(facts, space)
  return plan
}

/** An upgrade that was begun makes way for a new one; a reset has to be finished first. */
function requireNoOther({ operation }: NodeRecord): void {
  if (operation === undefined || ['upgrade', 'upgrade-recovery', 'rollback'].includes(operation.kind)) return
  throw new AgentError('busy', `A ${operation.kind} was begun at ${operation.started} and is not finished.`)
}

function requireFit({ payload, arch, current }: UpgradeFacts): void {
  const { image } = payload
  const differences = [
    ['architecture', arch, image.arch],
    ['flavor', current?.payload.image.flavor, image.flavor],
    ['device', current?.payload.image.device, image.device],
  ].filter(([, here, there]) => here !== undefined && here !== there)
  const [first] = differences
  if (!first) return
  const [what, here, there] = first
  throw new AgentError('not-compatible', `It is for the ${what} ${there}, this node has ${here}.`)
}

function warningsOf({ payload, current, record }: UpgradeFacts): string[] {
  const before = current?.payload.image
  const { image, root } = payload
  const differences = (['name', 'variant'] as const).flatMap((key) =>
    before && before[key] !== image[key] ? [`the ${key} changes from ${before[key]} to ${image[key]}`] : [],
  )
  const bad = record.generations.findLast(({ slot, status }) => slot === root.rootHash && status === 'bad')
  const reason = bad?.failure?.reason ?? 'unknown'
  return bad
    ? [...differences, `this system was given up as generation ${bad.number}: ${reason}`]
    : differences
}

/** A slot has the name of its root image; other boot files with the same root would have to take its place. */
function requireFreeSlot({ payload, digest, slotDigests, running, record }: UpgradeFacts): void {
  const slot = payload.root.rootHash
  const found = slotDigests.get(slot)
  if (found === undefined || found === digest) return
  const used = [running.slot, record.recovery?.slot, ...record.generations.map((each) => each.slot)]
  if (!used.includes(slot)) return
  const { version } = payload.image
  throw new AgentError('slot-conflict', `${version} has the root image of a system that is in use.`)
}

function requireSpace({ needed }: UpgradeFacts, { available, fits }: SpacePlan): void {
  if (fits) return
  const [name, part] =
    available.state < needed.state ? (['COS_STATE', 'state'] as const) : (['COS_GRUB', 'efi'] as const)
  const [wanted, free] = [sizeText(needed[part]), sizeText(available[part])]
  throw new AgentError(
    'no-space',
    `${name} needs ${wanted} more, and has ${free} when all is gone that may go.`,
  )
}

function outcomeOf(facts: UpgradeFacts): UpgradePlan['outcome'] {
  const { payload, digest, slotDigests, recovery, record, running } = facts
  const slot = payload.root.rootHash
  if (slotDigests.get(slot) !== digest) return 'upgrade'
  if (recovery) return record.recovery?.slot === slot ? 'there' : 'upgrade'
  const newest = newestGeneration(record)
  if (newest?.slot === slot && newest.status === 'armed' && isUntried(facts, newest.number)) return 'armed'
  const own = running.generation === undefined ? undefined : findGeneration(record, running.generation)
  const isNewest = record.generations.every(
    ({ number, status }) => number <= (own?.number ?? 0) || status === 'bad',
  )
  return own?.slot === slot && own.status !== 'bad' && isNewest ? 'there' : 'upgrade'
}

/** The loader knows it, and has not tried it. */
function isUntried({ entries }: UpgradeFacts, generation: number): boolean {
  const entry = entries.find((each) => each.generation === generation)
  return entry !== undefined && (entry.triesDone ?? 0) === 0
}

/** It was begun, and is not waiting for a restart. */
function isUnfinished({ record: { operation }, payload }: UpgradeFacts): boolean {
  return operation?.slot === payload.root.rootHash && operation.phase !== 'reboot'
}

function stepsOf(
  facts: UpgradeFacts,
  { release }: SpacePlan,
  outcome: UpgradePlan['outcome'],
): UpgradeStep[] {
  // Broken off after the last step that counts: what remains is done again.
  if (outcome === 'armed') return [{ kind: 'arm' }, { kind: 'settle' }]
  if (outcome === 'there') return isUnfinished(facts) ? [{ kind: 'finish' }, { kind: 'settle' }] : []
  const { version } = facts.payload.bootLoader
  const renew = facts.loaderVersion === undefined || compareVersionLists(version, facts.loaderVersion) > 0
  return [
    { kind: 'hook', stage: 'before-upgrade' },
    { kind: 'begin' },
    { kind: 'release', generations: release },
    { kind: 'fetch' },
    { kind: 'verify' },
    ...(renew && !facts.recovery ? [{ kind: 'loader', version } as const] : []),
    facts.recovery ? { kind: 'recovery' } : { kind: 'arm' },
    { kind: 'settle' },
    { kind: 'hook', stage: 'after-upgrade' },
  ]
}
