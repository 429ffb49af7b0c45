import { firstBootTable, gptEntry, isFirstBoot, readGptTable, tableMisfit, tableWrites } from '@kiln/contract'
import { type Host, HostError } from '../host/host.ts'
import { devicePath } from '../initramfs/devices.ts'
import { paths } from '../initramfs/paths.ts'

/** What the kernel counts sizes in, whatever the sectors of the disk are. */
const sysfsUnit = 512

export type FirstBoot =
  /** As nearly always: the disk was installed, or had its first boot before. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'done'
      /** Identity of each partition, old to new. The boot loader has read the old ones. */
      readonly guids: Readonly<Record<string, string>>
      readonly notes: readonly string[]
    }
  /** The system can start all the same, and the next boot tries again. */
  | { readonly kind: 'failed'; readonly why: string }

/**
 * Makes the disk of an image that was started for the first time one of this machine: its table gets identities of its own,
 * and COS_PERSISTENT goes up to the end of the disk. Nothing of the disk may be in use. Power may fail at any point: the
 * table is whole after each write, and the next boot goes on.
 * @param disk the kernel's name: `sda`
 */
export function takeOverDisk(host: Host, disk: string): FirstBoot {
  try {
    return takeOver(host, disk)
  } catch (error) {
    if (error instanceof HostError) return { kind: 'failed', why: error.message }
    throw error
  }
}

function takeOver(host: Host, disk: string): FirstBoot {
  const device = devicePath({ name: disk })
  const fact = (file: string) => Number(host.readText(`/sys/class/block/${disk}/${file}`))
  const sectorBytes = fact('queue/logical_block_size')
  const diskBytes = fact('size') * sysfsUnit
  const read = (offset: number, length: number) => host.readBytes(device, offset, length)
  const found = readGptTable(read, sectorBytes)
  if ('problem' in found || !isFirstBoot(found.table)) return { kind: 'none' }
  const before = found.table
  const why = tableMisfit(before, diskBytes)
  if (why !== undefined) return { kind: 'failed', why: `${device}: ${why}` }
  const after = firstBootTable(before, diskBytes, randomGuids(host))
  for (const { offset, bytes } of tableWrites(after, read(0, sectorBytes)))
    host.overwrite(device, offset, bytes)
  const guids = before.entries.flatMap((entry, at) => {
    const [old, own] = [gptEntry(entry)?.guid, gptEntry(after.entries[at] ?? entry)?.guid]
    return old === undefined || own === undefined ? [] : [[old, own] as const]
  })
  return { kind: 'done', guids: Object.fromEntries(guids), notes: tellKernel(host, device) }
}

/** The kernel forgets the partitions and finds them anew, with their new sizes. */
function tellKernel(host: Host, device: string): string[] {
  const { code, stderr } = host.run([paths.busybox, 'blockdev', '--rereadpt', device])
  if (code === 0) return []
  return [`the kernel sees the new partitions of ${device} only after the next boot: ${stderr.trim()}`]
}

/** Early in a boot, the kernel may not have gathered enough to be unpredictable: reading /dev/random waits for that. */
function randomGuids(host: Host): () => string {
  host.readBytes('/dev/random', 0, 1)
  return () => host.readText('/proc/sys/kernel/random/uuid').trim()
}
