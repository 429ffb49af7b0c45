import type { DiskPlan, PlannedPartition } from '@kiln/contract'
import type { ActionStage } from '@kiln/contract/cloud-config/schema/stage-names'
import type { OperationOf } from '../cloud-config/operations/operation.ts'

/** Partitions that are mounted while installing, at the field's places: hooks write there. */
export const mountPoints = {
  efi: '/run/cos/efi',
  oem: '/run/cos/oem',
  state: '/run/cos/state',
  persistent: '/run/cos/persistent',
} as const
export type MountedRole = keyof typeof mountPoints

/** A hook writes its reason here to stop the installation; the field's name. */
export const refusalFile = '/run/cos/fail_installation'

/** The number of the system that is installed. */
export const firstGeneration = 1

/** One thing to do, as plain data. `execute.ts` has one function for each kind. */
export type InstallStep =
  /** Runs what cloud-configs have for a stage. */
  | { readonly kind: 'hook'; readonly stage: ActionStage }
  /** Stops where a hook said so. */
  | { readonly kind: 'obey' }
  /** Erases the disk and writes its partition table. */
  | { readonly kind: 'partition'; readonly layout: DiskPlan }
  | { readonly kind: 'format'; readonly partition: PlannedPartition; readonly sectorBytes: number }
  /** Takes partitions that are there. */
  | { readonly kind: 'adopt'; readonly devices: Readonly<Record<MountedRole, string>> }
  | { readonly kind: 'mount'; readonly role: MountedRole; readonly type: 'ext4' | 'vfat' }
  /** Stops where the partitions hold an installed system. */
  | { readonly kind: 'vacant' }
  /** Removes what an earlier system left where the new one goes; its boot loader first. */
  | { readonly kind: 'clear'; readonly bios: boolean }
  /** Brings the payload. */
  | { readonly kind: 'slot'; readonly slot: string; readonly bytes: number }
  | { readonly kind: 'write'; readonly file: string; readonly text: string; readonly mode: number }
  /** Brings what install.bundles names. */
  | {
      readonly kind: 'bundles'
      readonly bundles: readonly OperationOf<'bundle'>[]
      /** One that fails stops the installation. */
      readonly strict: boolean
    }
  /** Kernel and initramfs, or the UKI, where the boot loader reads them. */
  | { readonly kind: 'bootFiles' }
  | { readonly kind: 'recovery'; readonly slot: string; readonly title: string; readonly cmdline: string }
  | { readonly kind: 'arm'; readonly slot: string; readonly title: string; readonly cmdline: string }
  | { readonly kind: 'record'; readonly slot: string; readonly keep: number }
  /** Waits until all of it is on the disk. */
  | { readonly kind: 'flush' }
  /** The last writing: from now on the disk starts. */
  | {
      readonly kind: 'loader'
      readonly firmware: 'uefi' | 'bios' | 'hybrid'
      readonly bios: BiosPlace | undefined
    }
  | { readonly kind: 'unmount' }

/** The partition of GRUB's second part, in sectors of 512 bytes. */
export interface BiosPlace {
  readonly start: number
  readonly sectors: number
}

/** What a step is about, in a few words. */
export function stepText(step: InstallStep): string {
  switch (step.kind) {
    case 'hook':
      return `hooks of ${step.stage}`
    case 'obey':
      return `look for ${refusalFile}`
    case 'partition':
      return `erase the disk and write ${step.layout.partitions.length} partitions`
    case 'format':
      return `make ${step.partition.fs} on ${step.partition.label ?? step.partition.name}`
    case 'adopt':
      return 'take the partitions that are there'
    case 'mount':
      return `mount ${step.role} at ${mountPoints[step.role]}`
    case 'vacant':
      return 'look for an installed system'
    case 'clear':
      return 'remove the earlier system'
    case 'slot':
      return `write the system into slot ${step.slot.slice(0, 12)}`
    case 'write':
      return `write ${step.file}`
    case 'bundles':
      return `bring ${step.bundles.length} bundles`
    case 'bootFiles':
      return 'bring the boot files'
    case 'recovery':
      return 'make the recovery entry'
    case 'arm':
      return 'make the boot entry of generation 1'
    case 'record':
      return 'write the record of generations'
    case 'flush':
      return 'wait for the disk'
    case 'loader':
      return `make the disk start (${step.firmware})`
    case 'unmount':
      return 'unmount'
  }
}
