import { sizeText } from '@kiln/contract'
import type { Disk } from '../disk/devices.ts'
import { InstallError } from './error.ts'

/** Which disk is wanted. */
export type DiskWish =
  | { readonly kind: 'auto' }
  /** @param given as the person wrote it; `path` with all links followed */
  | { readonly kind: 'named'; readonly given: string; readonly path: string }

export interface DiskNeeds {
  /** Kernel names of the devices that this system runs from, disks or partitions. */
  readonly runningFrom: readonly string[]
  /** Bytes of the smallest disk that will do. */
  readonly leastBytes: number
}

export interface ChosenDisk {
  readonly disk: Disk
  /** Why it was this one, for people. */
  readonly why: string
}

/**
 * The disk to install to. `auto` is the largest disk that may be chosen by itself, as in the field; but never the one that
 * runs, one that is in use, can be taken out, is read-only or too small. Two that are equally large are no choice that a
 * program may make.
 * @throws InstallError no-disk, disk-ambiguous, disk-refused, disk-too-small
 */
export function chooseDisk(disks: readonly Disk[], wish: DiskWish, needs: DiskNeeds): ChosenDisk {
  return wish.kind === 'auto' ? chooseLargest(disks, needs) : chooseNamed(disks, wish, needs)
}

function chooseLargest(disks: readonly Disk[], needs: DiskNeeds): ChosenDisk {
  const judged = disks.map((disk) => ({ disk, objection: objectionToAuto(disk, needs) }))
  const possible = judged.flatMap(({ disk, objection }) => (objection === undefined ? [disk] : []))
  const [first, second] = possible.toSorted((a, b) => b.bytes - a.bytes)
  if (!first) {
    const seen = judged.map(({ disk, objection }) => `${describeDisk(disk)}: ${objection}`)
    throw new InstallError('no-disk', seen.length === 0 ? 'The machine has no disk.' : `${seen.join('; ')}.`)
  }
  if (second?.bytes === first.bytes) {
    const same = possible.filter(({ bytes }) => bytes === first.bytes)
    throw new InstallError('disk-ambiguous', `${same.map(describeDisk).join('; ')}.`)
  }
  const why = second ? `the largest of ${possible.length} disks` : 'the only disk that can be taken'
  return { disk: first, why }
}

function chooseNamed(
  disks: readonly Disk[],
  { given, path }: Extract<DiskWish, { kind: 'named' }>,
  needs: DiskNeeds,
): ChosenDisk {
  const disk = disks.find((candidate) => candidate.path === path)
  if (!disk) throw new InstallError('disk-refused', `${notADisk(disks, given, path)}.`)
  const objection = objectionTo(disk, needs)
  if (objection !== undefined) throw new InstallError('disk-refused', `${describeDisk(disk)}: ${objection}.`)
  return { disk, why: given === path ? 'as asked for' : `which is ${given}` }
}

function notADisk(disks: readonly Disk[], given: string, path: string): string {
  const owner = disks.find(({ partitions }) => partitions.some((partition) => partition.path === path))
  if (owner) return `${given} is a partition of ${owner.path}; name the disk`
  return `there is no disk ${given}; there are ${disks.map(describeDisk).join('; ') || 'none'}`
}

/** Kinds of devices that somebody may name: `loop` is for making images. */
const namedTypes: readonly string[] = ['disk', 'loop']
/** Disks of lsblk that are in memory or come over the network. */
const neverByItself = /^(zram|ram|nbd|fd)\d/

/** Why a disk cannot be installed to at all; undefined where it can. Its size is a matter of the layout. */
export function objectionTo(disk: Disk, { runningFrom }: Pick<DiskNeeds, 'runningFrom'>): string | undefined {
  const names = [disk.name, ...disk.partitions.map(({ name }) => name)]
  if (runningFrom.some((name) => names.includes(name))) return 'this system runs from it'
  if (!namedTypes.includes(disk.type)) return `it is no disk, but ${disk.type || 'something unknown'}`
  if (disk.readOnly) return 'it is read-only'
  if (disk.mounts.length > 0) return `it is in use: ${disk.mounts.join(', ')}`
  if (disk.holders.length > 0) return `it is part of ${disk.holders.join(', ')}`
  return undefined
}

/** Why a disk is not chosen by itself, though somebody may name it. */
export function objectionToAuto(disk: Disk, needs: DiskNeeds): string | undefined {
  const objection = objectionTo(disk, needs)
  if (objection !== undefined) return objection
  if (disk.type !== 'disk' || neverByItself.test(disk.name)) return 'it is no disk of the machine'
  if (disk.removable) return 'it can be taken out'
  if (disk.bytes < needs.leastBytes) return `it is too small: ${sizeText(needs.leastBytes)} are needed`
  return undefined
}

/** `/dev/sda, 931.5 GiB, Samsung SSD 870`, for messages. */
export function describeDisk({ path, bytes, model, serial }: Disk): string {
  const name = [model, serial].filter(Boolean).join(' ')
  return [path, sizeText(bytes), ...(name === '' ? [] : [name])].join(', ')
}
