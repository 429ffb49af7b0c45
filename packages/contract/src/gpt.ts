import { MiB } from './bytes.ts'
import type { DiskPlan, PlannedPartition } from './disk.ts'
import { firstBootAttribute } from './first-boot.ts'

/** The identities that a partition table gives: of the disk, and of each partition. In either case of letters. */
export interface TableGuids {
  readonly disk: string
  partition(partition: PlannedPartition): string
}

/**
 * The input of sfdisk for a plan (sfdisk(8), "Input formats", named fields): `sfdisk --wipe always --wipe-partitions always
 * TARGET`. It says every position itself, in sectors of the plan, so that sfdisk has nothing to choose.
 * @param options `firstBoot` marks an image: its first boot gives it identities of its own and the whole disk
 */
export function sfdiskScript(
  { partitions, sectorBytes }: DiskPlan,
  guids: TableGuids,
  { firstBoot = false }: { readonly firstBoot?: boolean } = {},
): string {
  const header = [
    'label: gpt',
    `label-id: ${guids.disk.toUpperCase()}`,
    'unit: sectors',
    `first-lba: ${MiB / sectorBytes}`,
    '',
  ]
  const lines = partitions.map((partition) => {
    const fields = [
      `start=${partition.start / sectorBytes}`,
      `size=${partition.bytes / sectorBytes}`,
      `type=${partition.typeGuid}`,
      `uuid=${guids.partition(partition).toUpperCase()}`,
      `name="${partition.name}"`,
      ...attributes(partition, firstBoot),
    ]
    return `${partition.number} : ${fields.join(', ')}`
  })
  return `${[...header, ...lines].join('\n')}\n`
}

function attributes({ role }: PlannedPartition, firstBoot: boolean): string[] {
  // Some firmware starts only disks that say so.
  if (role === 'bios') return ['attrs="LegacyBIOSBootable"']
  return role === 'persistent' && firstBoot ? [`attrs="GUID:${firstBootAttribute}"`] : []
}
