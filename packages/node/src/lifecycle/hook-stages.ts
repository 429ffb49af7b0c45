import type { ActionStage } from '@kiln/contract/cloud-config/schema/stage-names'
import { nodeConfig } from '../cloud-config/gather.ts'
import { runStage } from '../cloud-config/run-stage.ts'
import { sourcesOf } from '../cloud-config/sources.ts'
import { assignments, withEnvironment } from '../environment.ts'
import type { Host } from '../host/host.ts'
import { hasEfi } from './efi-variables.ts'

/** What the field calls the same moment on machines that start a UKI, as these do by UEFI. */
const twins = {
  'before-upgrade': 'kairos-uki-upgrade.pre',
  'after-upgrade': 'kairos-uki-upgrade.after',
  'before-reset': 'kairos-uki-reset.pre',
  'after-reset': 'kairos-uki-reset.after',
} as const satisfies Partial<Record<ActionStage, ActionStage>>

/**
 * Runs what the cloud-configs have for one moment, with their variables. As in the field, a step that fails stops nothing.
 * @param failed called with each stage of which a step failed
 */
export function runHookStages(
  host: Host,
  stage: keyof typeof twins,
  failed: (stage: ActionStage) => void = () => {},
): void {
  const equipped = withEnvironment(host, assignments(nodeConfig(host).config.env))
  for (const name of hookStages(host, stage)) {
    const code = runStage(equipped, name, { sources: sourcesOf(''), root: '', shell: ['/bin/sh'] })
    if (code !== 0) failed(name)
  }
}

/** The stages that are due at one moment, under their names in the field. */
function hookStages(host: Pick<Host, 'stat'>, stage: keyof typeof twins): readonly ActionStage[] {
  return hasEfi(host) ? [stage, twins[stage]] : [stage]
}
