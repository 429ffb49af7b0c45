import type { Host } from '../host/host.ts'
import { runTool } from './tool.ts'

/** A block device that could carry a system, and all that is on it. */
export interface Disk {
  /** The kernel's name: `sda`. */
  readonly name: string
  /** `/dev/sda`. */
  readonly path: string
  /** As lsblk has it: `disk`, `loop`, `rom`, `raid1` … */
  readonly type: string
  readonly bytes: number
  /** Of a logical sector. */
  readonly sectorBytes: number
  readonly readOnly: boolean
  /** The medium can be taken out, or the whole disk hangs on USB. */
  readonly removable: boolean
  /** Maker and model, as far as they are known. */
  readonly model: string | undefined
  readonly serial: string | undefined
  /** Kind of the partition table: `gpt`, `dos`. */
  readonly table: string | undefined
  /** Of the whole disk, where it has no table. */
  readonly fileSystem: string | undefined
  readonly label: string | undefined
  readonly partitions: readonly Partition[]
  /** Where something of it is mounted; `[SWAP]` where it is swapped to. */
  readonly mounts: readonly string[]
  /** Names of what is made of it: volumes, arrays, opened encrypted devices. */
  readonly holders: readonly string[]
}

export interface Partition {
  readonly name: string
  readonly path: string
  readonly bytes: number
  readonly typeGuid: string | undefined
  /** Name in the partition table. */
  readonly partName: string | undefined
  readonly fileSystem: string | undefined
  readonly label: string | undefined
}

const columns = [
  ...['NAME', 'PATH', 'TYPE', 'SIZE', 'LOG-SEC', 'RO', 'RM', 'TRAN', 'VENDOR', 'MODEL', 'SERIAL'],
  ...['PTTYPE', 'PARTTYPE', 'PARTLABEL', 'FSTYPE', 'LABEL', 'MOUNTPOINTS'],
]

/** All disks of the machine. @throws DiskToolError where lsblk fails */
export function listDisks(host: Host): Disk[] {
  return parseDisks(runTool(host, ['lsblk', '--json', '--bytes', '--output', columns.join(',')]))
}

/** A device of lsblk(8). Older versions write numbers and flags as text. */
interface Listed {
  readonly name: string
  readonly path?: string | null
  readonly type?: string | null
  readonly size?: number | string | null
  readonly 'log-sec'?: number | string | null
  readonly ro?: boolean | string | null
  readonly rm?: boolean | string | null
  readonly tran?: string | null
  readonly vendor?: string | null
  readonly model?: string | null
  readonly serial?: string | null
  readonly pttype?: string | null
  readonly parttype?: string | null
  readonly partlabel?: string | null
  readonly fstype?: string | null
  readonly label?: string | null
  readonly mountpoints?: readonly (string | null)[]
  readonly children?: readonly Listed[]
}

/** What `lsblk --json --bytes` printed, without drives that have no medium in them. */
export function parseDisks(json: string): Disk[] {
  const { blockdevices = [] } = JSON.parse(json) as { readonly blockdevices?: readonly Listed[] }
  return blockdevices.map(toDisk).filter(({ bytes }) => bytes > 0)
}

function toDisk(listed: Listed): Disk {
  const below = descendants(listed)
  return {
    name: kernelName(listed),
    path: pathOf(listed),
    type: listed.type ?? '',
    bytes: Number(listed.size ?? 0),
    sectorBytes: Number(listed['log-sec'] ?? 512),
    readOnly: isSet(listed.ro),
    removable: isSet(listed.rm) || listed.tran === 'usb',
    model: modelOf(listed),
    serial: text(listed.serial),
    table: text(listed.pttype),
    fileSystem: text(listed.fstype),
    label: text(listed.label),
    partitions: (listed.children ?? []).filter(isPartition).map(toPartition),
    mounts: [listed, ...below].flatMap(({ mountpoints = [] }) => mountpoints.filter((path) => path !== null)),
    holders: below.filter((device) => !isPartition(device)).map(({ name }) => name),
  }
}

function toPartition(listed: Listed): Partition {
  return {
    name: kernelName(listed),
    path: pathOf(listed),
    bytes: Number(listed.size ?? 0),
    typeGuid: text(listed.parttype)?.toUpperCase(),
    partName: text(listed.partlabel),
    fileSystem: text(listed.fstype),
    label: text(listed.label),
  }
}

function descendants({ children = [] }: Listed): Listed[] {
  return children.flatMap((child) => [child, ...descendants(child)])
}

function isPartition({ type }: Listed): boolean {
  return type === 'part'
}

/** The maker of a virtual disk is a number, which tells nobody anything. */
function modelOf({ vendor, model }: Listed): string | undefined {
  const maker = text(vendor)
  const parts = [maker?.startsWith('0x') || maker === 'ATA' ? undefined : maker, text(model)]
  return parts.filter((part) => part !== undefined).join(' ') || undefined
}

function pathOf({ path, name }: Listed): string {
  return path ?? `/dev/${name.replaceAll('!', '/')}`
}

function kernelName(listed: Listed): string {
  return pathOf(listed)
    .replace(/^\/dev\//, '')
    .replaceAll('/', '!')
}

function isSet(flag: boolean | string | null | undefined): boolean {
  return flag === true || flag === '1'
}

function text(value: string | null | undefined): string | undefined {
  return value?.trim() || undefined
}
