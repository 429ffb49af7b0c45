import {
  type Change,
  type Changes,
  keptGenerations,
  nextNumber,
  type RecordedImage,
  sizeText,
} from '@kiln/contract'
import { imageOf } from '../lifecycle/arm.ts'
import type { UpgradeFacts, UpgradePlan } from './preflight.ts'
import { stepText } from './step.ts'

/** What an upgrade would do: `--dry-run`, and with `--json` as it is. Sizes are bytes. */
export interface Outline {
  readonly schema: 'kiln.upgrade-plan/v1'
  readonly reference: string
  readonly digest: string
  readonly outcome: UpgradePlan['outcome']
  readonly recovery: boolean
  readonly current: (RecordedImage & { readonly digest: string }) | undefined
  readonly next: RecordedImage & { readonly slot: string; readonly generation?: number }
  readonly download: { readonly bytes: number; readonly total: number }
  readonly space: Readonly<Record<'state' | 'efi', { readonly needed: number; readonly available: number }>>
  /** Generations that are let go, now or once the new one is armed. */
  readonly released: readonly number[]
  readonly changes: Changes | undefined
  readonly rebootNeeded: boolean
  readonly steps: readonly string[]
  readonly warnings: readonly string[]
}

export function outlineOf(
  reference: string,
  facts: UpgradeFacts,
  plan: UpgradePlan,
  changes: Changes | undefined,
): Outline {
  const { payload, digest, recovery, current, record, running, whole, needed } = facts
  const { space, outcome, slot } = plan
  const untried = keptGenerations(record, running).filter(
    ({ number, status }) => number !== running.generation && (status === 'armed' || status === 'trial'),
  )
  const released = outcome === 'upgrade' ? [...space.release, ...untried.map(({ number }) => number)] : []
  const total = whole.state + whole.efi
  const part = (key: 'state' | 'efi') => ({ needed: needed[key], available: space.available[key] })
  return {
    schema: 'kiln.upgrade-plan/v1',
    reference,
    digest,
    outcome,
    recovery,
    current: current && { ...imageOf(current.payload), digest: current.digest },
    next: {
      ...imageOf(payload),
      slot,
      ...(recovery || outcome !== 'upgrade' ? {} : { generation: nextNumber(record) }),
    },
    download: { bytes: Math.min(needed.state, whole.state) + Math.min(needed.efi, whole.efi), total },
    space: { state: part('state'), efi: part('efi') },
    released: [...new Set(released)],
    changes,
    rebootNeeded: !recovery && outcome !== 'there',
    steps: plan.steps.map(stepText),
    warnings: plan.warnings,
  }
}

/** The same for people. */
export function outlineText(outline: Outline): string {
  const { current, next, reference, digest, download, space, released, changes, recovery } = outline
  const lines: (readonly [string, string])[] = [
    [
      'system',
      `${current ? `${current.name} ${current.version}` : 'unknown'} → ${next.name} ${next.version}`,
    ],
    ['image', `${next.flavor} ${next.flavorRelease} ${next.variant}, ${next.arch} ${next.device}`],
    ['from', reference],
    ['payload', `${short(digest)}${current ? ` (now ${short(current.digest)})` : ''}`],
    ['outcome', outcomeTexts[outline.outcome]],
    [
      'becomes',
      recovery ? 'the recovery system' : next.generation ? `generation ${next.generation}` : 'what it is',
    ],
    ['download', `${sizeText(download.bytes)} of ${sizeText(download.total)}`],
    ['COS_STATE', spaceText(space.state)],
    ['COS_GRUB', spaceText(space.efi)],
    ['let go', released.length === 0 ? 'nothing' : `generation ${released.join(', ')}`],
    ['kernel', changeText(changes?.kernel, changes)],
    ['agent', changeText(changes?.agent, changes)],
    ['boot loader', changeText(changes?.bootLoader, changes)],
    ['Kubernetes', changeText(changes?.kubernetes, changes)],
    ['packages', packagesText(changes)],
    ['restart', outline.rebootNeeded ? 'needed' : 'not needed'],
  ]
  const table = lines.map(([name, text]) => `${name.padEnd(12)} ${text}\n`)
  return `${table.join('')}${packageLines(changes)}${outline.warnings.map((text) => `note: ${text}\n`).join('')}`
}

const outcomeTexts: Readonly<Record<UpgradePlan['outcome'], string>> = {
  upgrade: 'an upgrade',
  there: 'nothing to do: it is there already',
  armed: 'nothing to do but a restart: it is armed already',
}

function short(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12)
}

function spaceText({ needed, available }: { needed: number; available: number }): string {
  return `needs ${sizeText(needed)}, has ${sizeText(available)}`
}

function changeText(change: Change | undefined, changes: Changes | undefined): string {
  if (change) return `${change.from} → ${change.to}`
  return changes ? 'unchanged' : 'unknown'
}

function packagesText(changes: Changes | undefined): string {
  if (!changes?.packages) return 'unknown'
  const { added, removed, changed } = changes.packages
  if (added.length + removed.length + changed.length === 0) return 'unchanged'
  return `${added.length} added, ${removed.length} removed, ${changed.length} changed`
}

function packageLines(changes: Changes | undefined): string {
  const { added = [], removed = [], changed = [] } = changes?.packages ?? {}
  return [
    ...added.map(({ name, version }) => `  + ${name} ${version}\n`),
    ...removed.map(({ name, version }) => `  - ${name} ${version}\n`),
    ...changed.map(({ name, from, to }) => `  ~ ${name} ${from} → ${to}\n`),
  ].join('')
}
