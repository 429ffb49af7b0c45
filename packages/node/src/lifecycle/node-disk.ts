import { gptEntry, partitionNames, partitionTypes, readGptTable } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { bootFacts } from '../boot-facts.ts'
import type { Host } from '../host/host.ts'
import { listIfThere, readIfThere } from '../host/tree.ts'
import { paths } from '../initramfs/paths.ts'
import type { GrubDisk } from './grub-update.ts'

/** The disk that this node runs from. Found by what the initramfs mounted, never by a label that another disk may have. */
export interface NodeDisk {
  /** `/dev/sda`. */
  readonly device: string
  /** Where COS_STATE is mounted. */
  readonly state: string
  /** Devices by the partitions' names in the table: `efi`, `oem`, `state`, `persistent` … */
  readonly partitions: Readonly<Record<string, string>>
  /** Where GRUB lies, on disks that start under BIOS. */
  readonly grub: GrubDisk | undefined
}

/** @throws AgentError not-installed, disk-not-found */
export function findNodeDisk(host: Host): NodeDisk {
  const facts = bootFacts(host)
  const medium = typeof facts?.medium === 'string' ? facts.medium : undefined
  if (facts === undefined || facts.mode === 'live' || medium === undefined) {
    throw new AgentError(
      'not-installed',
      `This system was started ${facts ? 'from a live medium' : 'by other means'}.`,
    )
  }
  const partition = kernelName(medium)
  const disk = diskOf(host, partition)
  if (disk === undefined) throw new AgentError('disk-not-found', `${medium} is not a partition of a disk.`)
  return { ...readDisk(host, disk), state: paths.statePartition }
}

/** What is on a disk, by its partition table. @param disk the kernel's name. @throws AgentError disk-not-found */
export function readDisk(host: Host, disk: string): Omit<NodeDisk, 'state'> {
  const device = devicePath(disk)
  const fact = (path: string) => Number(readIfThere(host, `/sys/class/block/${disk}/${path}`) ?? Number.NaN)
  const sectorBytes = fact('queue/logical_block_size') || 512
  const read = readGptTable((offset, length) => host.readBytes(device, offset, length), sectorBytes)
  if ('problem' in read) throw new AgentError('disk-not-found', `${device}: ${read.problem}.`)
  const names = new Map(
    listIfThere(host, `/sys/class/block/${disk}`).flatMap((name) => {
      const number = fact(`${name}/partition`)
      return Number.isNaN(number) ? [] : [[number, name] as const]
    }),
  )
  const entries = read.table.entries.map((bytes) => gptEntry(bytes))
  const partitions: Record<string, string> = {}
  for (const [index, entry] of entries.entries()) {
    const name = names.get(index + 1)
    if (entry && name) partitions[entry.name] = devicePath(name)
  }
  const bios = entries.find((entry) => entry?.typeGuid === partitionTypes.bios)
  const unit = sectorBytes / 512
  return {
    device,
    partitions,
    grub: bios && {
      device,
      start: bios.firstLba * unit,
      sectors: (bios.lastLba - bios.firstLba + 1) * unit,
    },
  }
}

/** @throws AgentError disk-not-found */
export function partitionOf(disk: NodeDisk, role: keyof typeof partitionNames): string {
  const device = disk.partitions[partitionNames[role]]
  if (device === undefined) {
    throw new AgentError('disk-not-found', `${disk.device} has no partition "${partitionNames[role]}".`)
  }
  return device
}

/** The link of a partition ends in …/block/sda/sda1. */
function diskOf(host: Host, partition: string): string | undefined {
  const folder = `/sys/class/block/${partition}`
  if (readIfThere(host, `${folder}/partition`) === undefined) return undefined
  return host.readlink(folder).split('/').at(-2)
}

/** The kernel writes `!` where a device's path has another folder. */
function kernelName(device: string): string {
  return device.replace(/^\/dev\//, '').replaceAll('/', '!')
}

function devicePath(name: string): string {
  return `/dev/${name.replaceAll('!', '/')}`
}
