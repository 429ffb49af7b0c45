import type { Architecture, Payload } from '@kiln/contract'
import type { RegistriesConfig } from '@kiln/contract/cloud-config/schema/blocks/registries'
import type { Disk } from '../disk/devices.ts'
import type { Host } from '../host/host.ts'
import type { BootLoader } from '../lifecycle/boot-loader.ts'
import type { PayloadSource } from '../source/source.ts'
import type { ConfigFile } from './configs.ts'
import type { Reporter } from './report.ts'
import type { BiosPlace, InstallStep, MountedRole } from './step.ts'

/** What the steps of one installation share. */
export interface InstallSession {
  readonly host: Host
  readonly disk: Disk
  readonly arch: Architecture
  readonly firmware: 'uefi' | 'bios' | 'hybrid'
  readonly source: PayloadSource
  readonly payload: Payload
  readonly configs: readonly ConfigFile[]
  /** For hooks. */
  readonly env: Readonly<Record<string, string>>
  /** A hook that fails stops the installation. */
  readonly strict: boolean
  readonly registries: RegistriesConfig
  readonly reporter: Reporter
  /** Devices of the partitions, once they are there. */
  devices: Partial<Record<MountedRole, string>>
  /** Devices of planned partitions by their number, once they are there. */
  numbered: ReadonlyMap<number, string>
  /** Where something is mounted now, in the order in which it was. */
  readonly mounted: string[]
  /** Makes the boot loaders of the mounted EFI partition. */
  readonly openLoader: (bios: BiosPlace | undefined) => BootLoader
}

export type StepOf<K extends InstallStep['kind']> = Extract<InstallStep, { readonly kind: K }>
