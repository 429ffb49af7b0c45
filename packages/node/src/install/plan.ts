import { biosSectorBytes, type DiskPlan, type Payload } from '@kiln/contract'
import type { ActionStage } from '@kiln/contract/cloud-config/schema/stage-names'
import { imageOf, titleOf } from '../lifecycle/arm.ts'
import { commandLineOf } from '../lifecycle/command-line.ts'
import { filesOfSlot } from '../lifecycle/slots.ts'
import type { Adopted } from './adopt.ts'
import type { ConfigFile } from './configs.ts'
import { optionWarnings } from './grub-options.ts'
import { configsForOem, settingsForOem } from './oem-files.ts'
import { checkAdmin, checkMounts, hasHook } from './plan-checks.ts'
import type { InstallSettings } from './settings.ts'
import { type BiosPlace, firstGeneration, type InstallStep, mountPoints } from './step.ts'

export interface InstallRequest {
  readonly settings: InstallSettings
  readonly payload: Payload
  readonly firmware: 'uefi' | 'bios' | 'hybrid'
  readonly configs: readonly ConfigFile[]
  /** The image or the machine says that a system without an administrator is meant. */
  readonly noUsers: boolean
  readonly target:
    | { readonly kind: 'whole-disk'; readonly layout: DiskPlan }
    | { readonly kind: 'adopted'; readonly adopted: Adopted }
}

export interface PlannedInstall {
  readonly steps: readonly InstallStep[]
  readonly warnings: readonly string[]
}

/**
 * What to do, in order. Pure. Everything that can be refused is refused here, before anything is written.
 * @throws InstallError no-admin, bad-config
 */
export function planInstall(request: InstallRequest): PlannedInstall {
  const { settings, payload, firmware, configs, target } = request
  checkMounts(settings)
  const warnings = [
    ...checkAdmin(
      configs.map(({ config }) => config),
      request.noUsers,
    ),
    ...optionWarnings(settings.grubOptions, firmware),
  ]
  const slot = payload.root.rootHash
  const title = titleOf(imageOf(payload))
  const active = commandLineOf(payload, settings.grubOptions, 'active')
  const recovery = commandLineOf(payload, settings.grubOptions, 'recovery')
  const files = [...configsForOem(configs), ...settingsForOem(settings)]
  const hook = (stage: ActionStage): InstallStep[] =>
    hasHook(configs, stage) ? [{ kind: 'hook', stage }] : []
  // The field's names on machines that start a UKI, as these do by UEFI.
  const ukiHook = (stage: ActionStage) => (firmware === 'bios' ? [] : hook(stage))
  const early = [...hook('kairos-install.pre'), ...ukiHook('kairos-uki-install.pre')]
  const steps: InstallStep[] = [
    ...early,
    ...(early.length > 0 ? [obey] : []),
    ...prepare(request),
    ...hook('before-install'),
    // Also without hooks of ours: a program of the image may have written it.
    obey,
    ...(target.kind === 'adopted' ? [{ kind: 'clear', bios: firmware !== 'uefi' } as const] : []),
    { kind: 'slot', slot, bytes: slotBytes(payload) },
    ...files.map(
      ({ name, text, mode }): InstallStep => ({
        kind: 'write',
        file: `${mountPoints.oem}/${name}`,
        text,
        mode,
      }),
    ),
    ...(settings.bundles.length === 0
      ? []
      : [{ kind: 'bundles', bundles: settings.bundles, strict: settings.failOnBundles } as const]),
    { kind: 'bootFiles' },
    { kind: 'recovery', slot, title: `${title} recovery`, cmdline: recovery },
    { kind: 'arm', slot, title: `${title} (generation ${firstGeneration})`, cmdline: active },
    { kind: 'record', slot, keep: settings.keep },
    ...hook('after-install'),
    { kind: 'flush' },
    { kind: 'loader', firmware, bios: biosPlace(target) },
    { kind: 'unmount' },
    ...hook('kairos-install.after'),
    ...ukiHook('kairos-uki-install.after'),
  ]
  return { steps, warnings }
}

const obey: InstallStep = { kind: 'obey' }

/** From the disk as it is to mounted partitions. */
function prepare({ target, settings }: InstallRequest): InstallStep[] {
  if (target.kind === 'adopted') {
    const { devices } = target.adopted
    const vacant: InstallStep[] = settings.force ? [] : [{ kind: 'vacant' }]
    return [{ kind: 'adopt', devices }, ...mountAll, ...vacant]
  }
  const { layout } = target
  const { partitions, sectorBytes } = layout
  return [
    { kind: 'partition', layout },
    ...partitions
      .filter(({ fs }) => fs !== 'none')
      .map((partition): InstallStep => ({ kind: 'format', partition, sectorBytes })),
    ...mountAll,
  ]
}

const mountAll = (['state', 'oem', 'efi', 'persistent'] as const).map(
  (role): InstallStep => ({ kind: 'mount', role, type: role === 'efi' ? 'vfat' : 'ext4' }),
)

function biosPlace(target: InstallRequest['target']): BiosPlace | undefined {
  if (target.kind === 'adopted') return target.adopted.bios
  const partition = target.layout.partitions.find(({ role }) => role === 'bios')
  return partition && { start: partition.start / biosSectorBytes, sectors: partition.bytes / biosSectorBytes }
}

function slotBytes(payload: Payload): number {
  return filesOfSlot(payload).reduce((sum, { size }) => sum + size, 0)
}
