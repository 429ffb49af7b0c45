import { MiB, roundUp, sizeText } from './bytes.ts'
import { DiskError, type DiskTerm } from './disk-error.ts'
import { checkDiskRequest } from './disk-request.ts'
import { type SizedPartition, type SizedRole, sizePartitions } from './disk-sizes.ts'
import { labels } from './labels.ts'

/** What a disk shall hold. Sizes in bytes. */
export interface DiskRequest {
  /** `hybrid` starts on both; BIOS reads kernels from the EFI partition, too. */
  readonly firmware: 'uefi' | 'bios' | 'hybrid'
  readonly diskBytes: number
  /** Default 512. */
  readonly sectorBytes?: 512 | 4096
  readonly payload: {
    /** `root.img`, with its hash tree. */
    readonly rootBytes: number
    /** The UKI. Kernel and initramfs, which BIOS boots, are taken to be as large together. */
    readonly bootBytes: number
  }
  /** Good ones to keep, at least 2. */
  readonly generations: number
  /** Wanted instead of the usual sizes; rounded up to whole MiB. A given `persistent` is what it gets, not the rest. */
  readonly sizes?: {
    readonly efi?: number | undefined
    readonly oem?: number | undefined
    readonly state?: number | undefined
    readonly persistent?: number | undefined
  }
  readonly extra?: readonly ExtraPartition[]
}

export interface ExtraPartition {
  /** Name in the partition table, at most 36 characters. */
  readonly name: string
  readonly bytes: number
  /** Default ext4. */
  readonly fs?: FileSystem | undefined
  /** Of the file system; default: none. At most 16 characters, on FAT 11. */
  readonly label?: string | undefined
}

export type FileSystem = 'ext4' | 'vfat' | 'none'
export type PartitionRole = 'bios' | 'extra' | SizedRole

export interface PlannedPartition {
  /** In the table, from 1. */
  readonly number: number
  readonly name: string
  readonly role: PartitionRole
  readonly label?: string
  readonly fs: FileSystem
  /** Upper-case. */
  readonly typeGuid: string
  /** Bytes from the start of the disk. */
  readonly start: number
  readonly bytes: number
}

export interface DiskPlan {
  readonly sectorBytes: 512 | 4096
  readonly partitions: readonly PlannedPartition[]
  /** The smallest disk that this fits on. */
  readonly minimumBytes: number
  /** The sum of `minimumBytes`, in the order of the disk. */
  readonly explanation: readonly DiskTerm[]
}

/** Partition types, UEFI 2.10 table 5.7 and the Discoverable Partitions Specification. */
export const partitionTypes = {
  bios: '21686148-6449-6E6F-744E-656564454649',
  efi: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  linux: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
  basicData: 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7',
} as const

/** Names in the partition table, as the field has them. */
export const partitionNames = {
  bios: 'bios',
  efi: 'efi',
  oem: 'oem',
  state: 'state',
  persistent: 'persistent',
} as const satisfies Record<Exclude<PartitionRole, 'extra'>, string>

/** Partitions start and end at whole MiB; before the first one lie the table and, on BIOS, nothing else. */
const alignment = MiB

type Unplaced = Omit<PlannedPartition, 'start' | 'number'> & { readonly why: string }

/**
 * Lays out a disk. Pure. Order: bios (BIOS and hybrid only), COS_GRUB, COS_OEM, COS_STATE, extra ones, COS_PERSISTENT, which
 * is last so that it can grow. There is no partition for recovery: it is a slot in COS_STATE.
 * @throws DiskError with the whole sum where the disk is too small, or with the reason where the request is not sound
 */
export function planDisk(request: DiskRequest): DiskPlan {
  const plan = smallestDisk(request)
  const { minimumBytes: needed, explanation, sectorBytes } = plan
  const available = Math.floor(request.diskBytes / sectorBytes) * sectorBytes
  if (!(available >= needed)) throw new DiskError({ kind: 'too-small', needed, available, explanation })
  if (request.sizes?.persistent !== undefined) return plan
  const end = Math.floor((available - tableTailBytes(sectorBytes)) / alignment) * alignment
  return { ...plan, partitions: plan.partitions.map((each) => (takesRest(each) ? stretch(each, end) : each)) }
}

/** The same on a disk that is just large enough. @throws DiskError where the request is not sound */
export function smallestDisk(request: Omit<DiskRequest, 'diskBytes'>): DiskPlan {
  checkDiskRequest(request)
  const { sectorBytes = 512 } = request
  const unplaced = listPartitions(request)
  const partitions: PlannedPartition[] = []
  let start: number = alignment
  for (const { why: _why, ...partition } of unplaced) {
    partitions.push({ number: partitions.length + 1, ...partition, start })
    start += partition.bytes
  }
  const tail = tableTailBytes(sectorBytes)
  return {
    sectorBytes,
    partitions,
    minimumBytes: start + tail,
    explanation: [
      { what: 'partition table', bytes: alignment, why: 'at the start; partitions begin at whole MiB' },
      ...unplaced.map(({ label, name, bytes, why }) => ({ what: label ?? name, bytes, why })),
      { what: 'backup of the partition table', bytes: tail, why: 'in the last sectors' },
    ],
  }
}

/** Bytes of the backup table at the end of a disk: 128 entries of 128 bytes, and a sector for the header (UEFI 2.10, 5.3). */
export function tableTailBytes(sectorBytes: number): number {
  return roundUp(128 * 128, sectorBytes) + sectorBytes
}

function listPartitions(request: Omit<DiskRequest, 'diskBytes'>): Unplaced[] {
  const sizes = sizePartitions(request)
  const linux = (role: SizedRole, label: string, size: SizedPartition): Unplaced => {
    return { name: partitionNames[role], role, label, fs: 'ext4', typeGuid: partitionTypes.linux, ...size }
  }
  return [
    ...(request.firmware === 'uefi' ? [] : [biosPartition]),
    {
      name: partitionNames.efi,
      role: 'efi',
      label: labels.esp,
      fs: 'vfat',
      typeGuid: partitionTypes.efi,
      ...sizes.efi,
    },
    linux('oem', labels.oem, sizes.oem),
    linux('state', labels.state, sizes.state),
    ...(request.extra ?? []).map(extraPartition),
    linux('persistent', labels.persistent, sizes.persistent),
  ]
}

const biosPartition: Unplaced = {
  name: partitionNames.bios,
  role: 'bios',
  fs: 'none',
  typeGuid: partitionTypes.bios,
  bytes: MiB,
  why: "GRUB's second part",
}

function extraPartition({ name, bytes, fs = 'ext4', label }: ExtraPartition): Unplaced {
  return {
    name,
    role: 'extra',
    fs,
    ...(label === undefined ? {} : { label }),
    typeGuid: fs === 'vfat' ? partitionTypes.basicData : partitionTypes.linux,
    bytes: roundUp(bytes, alignment),
    why: `extra partition of ${sizeText(bytes)}`,
  }
}

function takesRest({ role }: PlannedPartition): boolean {
  return role === 'persistent'
}

function stretch(partition: PlannedPartition, end: number): PlannedPartition {
  return { ...partition, bytes: end - partition.start }
}
