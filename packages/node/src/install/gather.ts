import { type Architecture, labels, type Payload } from '@kiln/contract'
import type { RegistriesConfig } from '@kiln/contract/cloud-config/schema/blocks/registries'
import { bootFacts } from '../boot-facts.ts'
import { type Disk, listDisks } from '../disk/devices.ts'
import type { Host } from '../host/host.ts'
import { exists } from '../host/tree.ts'
import { hasEfi } from '../lifecycle/efi-variables.ts'
import { machineArchitecture } from '../lifecycle/open-loader.ts'
import { nodeSourceOptions } from '../source/node-options.ts'
import { openSource } from '../source/open.ts'
import type { PayloadSource } from '../source/source.ts'
import type { ChosenDisk, DiskNeeds, DiskWish } from './choose-disk.ts'
import { type ConfigFile, readInstallConfigs } from './configs.ts'
import { InstallError } from './error.ts'
import { type LayoutRequest, layoutRequest, leastBytes, raiseSizes } from './layout.ts'
import { hasMediumPayload, mediumSource } from './medium.ts'
import type { InstallOptions } from './options.ts'
import { checkLoader } from './plan-checks.ts'
import { type InstallSettings, installSettings } from './settings.ts'

/** All that is known before a disk is chosen. */
export interface InstallFacts {
  readonly settings: InstallSettings
  readonly configs: readonly ConfigFile[]
  readonly source: PayloadSource
  readonly payload: Payload
  readonly arch: Architecture
  readonly firmware: 'uefi' | 'bios' | 'hybrid'
  readonly layout: LayoutRequest
  readonly disks: readonly Disk[]
  readonly needs: DiskNeeds
  /** Also without an administrator. */
  readonly noUsers: boolean
  readonly warnings: readonly string[]
}

/** The field's mark of an image whose users come from elsewhere. */
const noUsersFile = '/etc/kairos/.nousers'

/**
 * Reads the configuration, the payload's card and the machine. Writes nothing.
 * @param added cloud-configs that are not in a file yet
 * @throws InstallError, SourceError, DiskToolError
 */
export function gatherFacts(
  host: Host,
  options: Pick<InstallOptions, 'config' | 'source' | 'end'>,
  added: readonly ConfigFile[] = [],
): InstallFacts {
  const read = readInstallConfigs(host, options.config, added)
  const { configs, merged } = read
  const said = installSettings(merged)
  const settings = { ...said.settings, end: options.end ?? said.settings.end }
  const source = sourceOf(host, options.source ?? settings.source, settings, merged.kiln?.registries ?? {})
  const { payload } = source.describe()
  const arch = machineArchitecture(host)
  if (payload.image.arch !== arch) {
    throw new InstallError(
      'wrong-machine',
      `${source.reference} is for ${payload.image.arch}, this machine is ${arch}.`,
    )
  }
  const firmware = settings.firmware ?? (hasEfi(host) ? 'uefi' : 'bios')
  checkLoader(payload, firmware)
  const raised = raiseSizes(layoutRequest(settings, payload, firmware))
  return {
    settings,
    configs,
    source,
    payload,
    arch,
    firmware,
    layout: raised.request,
    disks: listDisks(host),
    needs: { runningFrom: runningFrom(host), leastBytes: leastBytes(raised.request) },
    noUsers: settings.noUsers || exists(host, noUsersFile),
    warnings: [...read.warnings, ...said.warnings, ...raised.warnings],
  }
}

function sourceOf(
  host: Host,
  reference: string | undefined,
  { allowInsecure }: InstallSettings,
  registries: RegistriesConfig,
): PayloadSource {
  if (reference === undefined) {
    if (hasMediumPayload(host)) return mediumSource(host)
    throw new InstallError('no-payload', 'This system does not run from a live medium with a payload.')
  }
  const options = nodeSourceOptions(host, { allowInsecure })
  return openSource(host, reference, { ...options, settings: { registries, allowInsecure } })
}

/** The live medium, or the disk of an installed system. */
function runningFrom(host: Host): string[] {
  const medium = bootFacts(host)?.medium
  return typeof medium === 'string' ? [medium.replace(/^\/dev\//, '').replaceAll('/', '!')] : []
}

/** With no-format, `auto` is the disk that was divided for a system. @throws InstallError no-disk, disk-ambiguous */
export function wishForAdopting(disks: readonly Disk[], wish: DiskWish): DiskWish {
  if (wish.kind === 'named') return wish
  const [first, ...others] = disks.filter(({ partitions }) =>
    partitions.some(({ label }) => label === labels.state),
  )
  if (!first)
    throw new InstallError('no-disk', `no-format: no disk has a partition labelled ${labels.state}.`)
  if (others.length > 0) {
    const names = [first, ...others].map(({ path }) => path).join(' and ')
    throw new InstallError('disk-ambiguous', `${names} both have a partition labelled ${labels.state}.`)
  }
  return { kind: 'named', given: first.path, path: first.path }
}

/** Other disks with the labels of an installed system: the initramfs tells them apart by the one it was started from. */
export function labelWarnings({ disks }: InstallFacts, { disk }: ChosenDisk): string[] {
  return disks
    .filter((other) => other !== disk && other.partitions.some(({ label }) => label === labels.state))
    .map(
      ({ path }) =>
        `${path} also has a partition labelled ${labels.state}; where the firmware does not say which disk it starts, that is ambiguous`,
    )
}
