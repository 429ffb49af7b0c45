import type { DiskRequest, ExtraPartition } from '@kiln/contract'
import type { InstallConfig } from '@kiln/contract/cloud-config/schema/blocks/install'
import type { RegistriesConfig } from '@kiln/contract/cloud-config/schema/blocks/registries'
import type { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import { planBundles } from '../cloud-config/modules/bundles.ts'
import type { OperationOf } from '../cloud-config/operations/operation.ts'
import { assignments } from '../environment.ts'
import { InstallError } from './error.ts'
import { problemsOf, warningsOf } from './settings-checks.ts'

/** How to install, after everybody has had their say. */
export interface InstallSettings {
  /** Installs by itself from a live medium, and is consent to erase the disk that `device` chooses. */
  readonly auto: boolean
  /** `auto`, a path, or `script://CMD`. */
  readonly device: string
  readonly source: string | undefined
  readonly allowInsecure: boolean
  readonly end: 'reboot' | 'poweroff' | 'stay'
  /** Uses partitions that are there, and keeps what is on the persistent one. */
  readonly noFormat: boolean
  readonly force: boolean
  /** An installed system without an administrator is meant. */
  readonly noUsers: boolean
  /** Instead of the firmware that this system was started by. */
  readonly firmware: DiskRequest['firmware'] | undefined
  /** How many good generations stay. */
  readonly keep: number
  readonly sizes: NonNullable<DiskRequest['sizes']>
  readonly extra: readonly ExtraPartition[]
  readonly grubOptions: Readonly<Record<string, string>>
  readonly bindMounts: readonly string[]
  readonly ephemeralMounts: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** What is brought along, and whether it stops the installation when it cannot be. */
  readonly bundles: readonly OperationOf<'bundle'>[]
  readonly failOnBundles: boolean
  readonly registries: RegistriesConfig
  /** A hook that fails stops the installation. */
  readonly strict: boolean
}

export interface SettingsResult {
  readonly settings: InstallSettings
  readonly warnings: readonly string[]
}

const leastKeep = 2

/**
 * What a merged cloud-config says about installing.
 * @throws InstallError bad-config
 */
export function installSettings(config: CloudConfig): SettingsResult {
  const { install = {}, kiln, strict, env = [], grub_options: options = {} } = config
  const problems = problemsOf(install)
  if (problems.length > 0) throw new InstallError('bad-config', `${problems.join('; ')}.`)
  const settings: InstallSettings = {
    // What the field's agent does of itself counts here, too; what is said of installing counts for more.
    ...choices({
      ...install,
      env: [...env, ...(install.env ?? [])],
      grub_options: { ...options, ...install.grub_options },
    }),
    ...layoutWishes(install),
    keep: kiln?.keep ?? leastKeep,
    bundles: planBundles(install.bundles ?? []),
    failOnBundles: config.fail_on_bundles_errors === true,
    registries: kiln?.registries ?? {},
    strict: strict === true,
  }
  return { settings, warnings: warningsOf(install) }
}

type Choices = Omit<
  InstallSettings,
  keyof LayoutWishes | 'keep' | 'strict' | 'bundles' | 'failOnBundles' | 'registries'
>
type LayoutWishes = Pick<InstallSettings, 'sizes' | 'extra' | 'bindMounts' | 'ephemeralMounts'>

function choices(install: InstallConfig): Choices {
  const is = (flag: boolean | undefined) => flag === true
  const options = Object.entries(install.grub_options ?? {}).map(([name, value]) => [name, String(value)])
  return {
    auto: is(install.auto),
    device: install.device?.trim() || 'auto',
    source: install.source ?? install.image,
    allowInsecure: is(install['allow-insecure-registries']),
    end: is(install.reboot) ? 'reboot' : is(install.poweroff) ? 'poweroff' : 'stay',
    noFormat: is(install['no-format'] ?? install.no_format),
    force: is(install.force),
    noUsers: is(install.nousers),
    firmware: install.firmware === 'efi' ? 'uefi' : install.firmware,
    grubOptions: Object.fromEntries(options),
    env: assignments(install.env),
  }
}

function layoutWishes(install: InstallConfig): LayoutWishes {
  const { partitions = {} } = install
  return {
    sizes: {
      efi: askedSize(partitions.efi),
      oem: askedSize(partitions.oem),
      state: askedSize(partitions.state),
      persistent: askedSize(partitions.persistent),
    },
    extra: (install['extra-partitions'] ?? []).map(toExtra),
    bindMounts: install.bind_mounts ?? [],
    ephemeralMounts: install.ephemeral_mounts ?? [],
  }
}

/** 0 is what is left, which is what COS_PERSISTENT gets by itself; for the others the field means its usual size. */
function askedSize(partition: { readonly size?: number | undefined } | undefined): number | undefined {
  return partition?.size || undefined
}

type ExtraConfig = NonNullable<InstallConfig['extra-partitions']>[number]

function toExtra({ name, size, fs = 'ext4', label }: ExtraConfig): ExtraPartition {
  const kind = fs === 'vfat' ? 'vfat' : fs === 'none' || fs === 'noformat' || fs === '-' ? 'none' : 'ext4'
  return { name, bytes: size, fs: kind, label: label || undefined }
}
