import type { ActionStage } from '@kiln/contract/cloud-config/schema/stage-names'
import type { Host } from '../host/host.ts'
import { hasEfi } from './efi-variables.ts'

/** What the field calls the same moment on machines that start a UKI, as these do by UEFI. */
const twins = {
  'before-upgrade': 'kairos-uki-upgrade.pre',
  'after-upgrade': 'kairos-uki-upgrade.after',
  'before-reset': 'kairos-uki-reset.pre',
  'after-reset': 'kairos-uki-reset.after',
} as const satisfies Partial<Record<ActionStage, ActionStage>>

/** The stages that are due at one moment, under their names in the field. */
export function hookStages(host: Pick<Host, 'stat'>, stage: keyof typeof twins): readonly ActionStage[] {
  return hasEfi(host) ? [stage, twins[stage]] : [stage]
}
