import { labels, type Payload, partitionNames, partitionTypes, sizeText } from '@kiln/contract'
import type { Disk, Partition } from '../disk/devices.ts'
import { InstallError } from './error.ts'
import type { BiosPlace, MountedRole } from './step.ts'

/** Partitions of a disk that is not divided anew. */
export interface Adopted {
  readonly devices: Readonly<Record<MountedRole, string>>
  readonly bios: BiosPlace | undefined
}

/** What the table of a disk says about a partition, in units of 512 bytes. */
export interface PartitionPlace extends BiosPlace {
  readonly number: number
}

const wanted: Readonly<Record<MountedRole, { readonly label: string; readonly type: 'ext4' | 'vfat' }>> = {
  efi: { label: labels.esp, type: 'vfat' },
  oem: { label: labels.oem, type: 'ext4' },
  state: { label: labels.state, type: 'ext4' },
  persistent: { label: labels.persistent, type: 'ext4' },
}

/** GRUB looks for its menu there. */
const efiNumberForBios = 2

/**
 * The partitions of a disk that was divided before, by their labels: `install.no-format`.
 * @param placeOf where a partition lies
 * @throws InstallError disk-refused where one is missing or unfit
 */
export function adoptPartitions(
  disk: Disk,
  payload: Pick<Payload, 'root' | 'uki'>,
  firmware: 'uefi' | 'bios' | 'hybrid',
  placeOf: (partition: Partition) => PartitionPlace,
): Adopted {
  const roles = Object.keys(wanted) as MountedRole[]
  const chosen = roles.map((role) => [role, onlyPartition(disk, role)] as const)
  const byRole = Object.fromEntries(chosen) as Record<MountedRole, Partition>
  requireBytes(byRole.state, payload.root.size * 2)
  requireBytes(byRole.efi, payload.uki.size * 2)
  return {
    devices: Object.fromEntries(chosen.map(([role, { path }]) => [role, path])) as Record<
      MountedRole,
      string
    >,
    bios: firmware === 'uefi' ? undefined : biosPlace(disk, byRole.efi, placeOf),
  }
}

function onlyPartition(disk: Disk, role: MountedRole): Partition {
  const { label, type } = wanted[role]
  const [first, ...others] = disk.partitions.filter((partition) => partition.label === label)
  if (!first) refuse(`${disk.path} has no partition labelled ${label}`)
  if (others.length > 0) {
    refuse(`${[first, ...others].map(({ path }) => path).join(' and ')} are both labelled ${label}`)
  }
  if (first.fileSystem !== type) refuse(`${first.path} (${label}) is ${first.fileSystem}; it must be ${type}`)
  // The installed system finds its partitions by their names in the table.
  const name = partitionNames[role]
  if (first.partName !== name)
    refuse(`${first.path} (${label}) must have the name "${name}" in the partition table`)
  return first
}

function requireBytes({ path, label, bytes }: Partition, least: number): void {
  if (bytes < least) refuse(`${path} (${label}) has ${sizeText(bytes)}; ${sizeText(least)} are the least`)
}

function biosPlace(disk: Disk, efi: Partition, placeOf: (partition: Partition) => PartitionPlace): BiosPlace {
  const bios = disk.partitions.find(({ typeGuid }) => typeGuid === partitionTypes.bios)
  if (!bios) refuse(`${disk.path} has no partition for the boot code of BIOS (type ${partitionTypes.bios})`)
  if (placeOf(efi).number !== efiNumberForBios) {
    refuse(
      `${efi.path} (${labels.esp}) must be partition ${efiNumberForBios}, where the boot code looks for it`,
    )
  }
  const { start, sectors } = placeOf(bios)
  return { start, sectors }
}

function refuse(message: string): never {
  throw new InstallError('disk-refused', `no-format: ${message}.`)
}
