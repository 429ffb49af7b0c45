import type { Node } from '../lifecycle/node.ts'
import type { PayloadSource } from '../source/source.ts'
import type { UpgradeFacts, UpgradePlan } from './preflight.ts'
import type { Reporter } from './report.ts'

/** What the steps of one upgrade share. */
export interface UpgradeSession {
  readonly node: Node
  readonly source: PayloadSource
  readonly facts: UpgradeFacts
  readonly plan: UpgradePlan
  readonly report: Reporter
  /** Number of the new generation, once it is armed. */
  generation: number | undefined
}
