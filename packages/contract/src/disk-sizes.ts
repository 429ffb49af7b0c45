import { MiB, roundUp, sizeText } from './bytes.ts'
import type { DiskRequest } from './disk.ts'
import { DiskError } from './disk-error.ts'
import { labels } from './labels.ts'

/** Size of a partition that every disk has, in bytes, and why it is that. */
export interface SizedPartition {
  readonly bytes: number
  readonly why: string
}

/** How one of the fixed partitions gets its size. All in bytes. */
interface SizeRule {
  readonly label: string
  /** Where nobody asks for a size. */
  readonly usual: number
  readonly usualWhy: string
  /** Below this the request is refused. */
  readonly least: number
  readonly leastWhy: string
}

export type SizedRole = keyof NonNullable<DiskRequest['sizes']>

/** Room that later images may take more than this one; as a fraction, so that the sums are whole numbers. */
const bootGrowth = [5, 4] as const
const rootGrowth = [13, 10] as const

/** Loader, entries, the loader's previous version; tables of the file system. */
const espFixed = 32 * MiB
/** Journal, tables, records. */
const stateFixed = 64 * MiB
const espLeast = 128 * MiB

/**
 * FAT32 has at least 65525 clusters, and a cluster at least one sector; firmware need not read FAT16 on a fixed disk
 * (UEFI 2.10, 13.3.1). With the tables, 4096-byte sectors come to a little less than 258 MiB.
 */
function fat32Least(sectorBytes: number): number {
  return sectorBytes === 4096 ? 260 * MiB : 34 * MiB
}

/** The sizes of the partitions that every disk has. @throws DiskError where a wanted size is below the least one */
export function sizePartitions(
  request: Omit<DiskRequest, 'diskBytes'>,
): Readonly<Record<SizedRole, SizedPartition>> {
  const { sizes = {}, sectorBytes = 512 } = request
  const { esp, state } = slotSums(request)
  const size = (role: SizedRole, rule: SizeRule) => settle(sizes[role], rule)
  return {
    efi: size('efi', espRule(esp, fat32Least(sectorBytes))),
    oem: size('oem', {
      label: labels.oem,
      usual: 64 * MiB,
      usualWhy: 'cloud-configs',
      least: 16 * MiB,
      leastWhy: 'for the file system and some cloud-configs',
    }),
    state: size('state', {
      label: labels.state,
      usual: grown(state.bytes, rootGrowth) + stateFixed,
      usualWhy: `${state.why} × 1.3 + ${sizeText(stateFixed)}`,
      least: state.bytes + stateFixed,
      leastWhy: `for ${state.why} + ${sizeText(stateFixed)}`,
    }),
    persistent: size('persistent', {
      label: labels.persistent,
      usual: 256 * MiB,
      usualWhy: 'data; takes what is left of the disk',
      least: 256 * MiB,
      leastWhy: 'for data',
    }),
  }
}

/** A slot has its root image on COS_STATE, and on the EFI partition what its firmware boots. */
function slotSums({
  payload,
  generations,
  firmware,
}: Pick<DiskRequest, 'payload' | 'generations' | 'firmware'>) {
  const { rootBytes, bootBytes } = payload
  const slots = generations + 2
  const each = `${slots} slots (${generations} generations, recovery, one being written)`
  const copies = firmware === 'hybrid' ? 2 : 1
  const bootText = `${sizeText(bootBytes)} boot files`
  return {
    esp: {
      bytes: slots * copies * bootBytes,
      why: `${each} × ${copies === 1 ? '' : `${copies} × `}${bootText}`,
    },
    state: {
      bytes: slots * rootBytes,
      why: `${each} × ${sizeText(rootBytes)} root image`,
    },
  }
}

function espRule(slots: SizedPartition, tableLeast: number): SizeRule {
  const wanted = grown(slots.bytes, bootGrowth) + espFixed
  const needed = slots.bytes + espFixed
  const usual = Math.max(wanted, espLeast, tableLeast)
  const sum = `${slots.why} × 1.25 + ${sizeText(espFixed)}`
  return {
    label: labels.esp,
    usual,
    usualWhy: usual === wanted ? sum : `${sum} are ${sizeText(wanted)}; at least ${sizeText(usual)}`,
    least: Math.max(needed, tableLeast),
    leastWhy:
      needed < tableLeast
        ? 'as FAT32 on a disk with such sectors'
        : `for ${slots.why} + ${sizeText(espFixed)}`,
  }
}

function settle(asked: number | undefined, rule: SizeRule): SizedPartition {
  if (asked === undefined) return { bytes: roundUp(rule.usual, MiB), why: rule.usualWhy }
  const least = roundUp(rule.least, MiB)
  if (!(asked >= least)) {
    const { label: partition, leastWhy: why } = rule
    throw new DiskError({ kind: 'size-below-minimum', partition, asked, least, why })
  }
  return { bytes: roundUp(asked, MiB), why: 'as asked for' }
}

function grown(bytes: number, [numerator, denominator]: readonly [number, number]): number {
  return Math.ceil((bytes * numerator) / denominator)
}
