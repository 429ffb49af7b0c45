import { gptEntry, readGptTable } from '@kiln/contract'
import { type Host, HostError } from '../host/host.ts'
import { exists, listIfThere, readIfThere } from '../host/tree.ts'
import { devicePath, isIgnored } from './devices.ts'

/**
 * The disk that has a partition, by its GUID. Labels may be on two disks; of two disks with the same GUIDs one is a copy of
 * the other, and then nobody can know which one was meant.
 * @param partition GUID, upper-case
 * @returns names as the kernel has them: `sda`
 */
export function disksWithPartition(host: Host, partition: string): string[] {
  return listIfThere(host, '/sys/class/block')
    .filter((name) => !isIgnored(name) && !exists(host, `/sys/class/block/${name}/partition`))
    .filter((name) => partitionGuids(host, name).includes(partition))
}

function partitionGuids(host: Host, disk: string): string[] {
  try {
    const sectorBytes = Number(readIfThere(host, `/sys/class/block/${disk}/queue/logical_block_size`) ?? 512)
    const read = readGptTable(
      (offset, length) => host.readBytes(devicePath({ name: disk }), offset, length),
      sectorBytes,
    )
    if ('problem' in read) return []
    return read.table.entries.flatMap((bytes) => gptEntry(bytes)?.guid ?? [])
  } catch (error) {
    // Devices come and go while we look; the next round looks again.
    if (error instanceof HostError) return []
    throw error
  }
}
