import { MiB } from './bytes.ts'
import { partitionNames, tableTailBytes } from './disk.ts'
import {
  changedEntry,
  entrySectors,
  type GptTable,
  gptEntries,
  gptEntry,
  gptHeader,
  hasAttribute,
  headerLba,
} from './gpt-table.ts'

/**
 * Attribute of COS_PERSISTENT in a disk image that was never started: its identities are those of the image, and it does
 * not fill its disk. One of the bits that a partition's type may use as it likes (UEFI 2.10, table 5.8).
 */
export const firstBootAttribute = 58

/** Bytes for a place on the disk, in bytes from its start. Everything has to be on the disk before the next write. */
export interface DiskWrite {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** Whether a table is still that of an image, or its replacement was broken off. */
export function isFirstBoot(table: GptTable): boolean {
  return table.entriesLba === spareEntries(table.sectorBytes) || table.entries.some(isMarked)
}

/** The mark is on the partition that grows. A bit of other partitions with the same number may mean anything. */
function isMarked(entry: Uint8Array): boolean {
  return gptEntry(entry)?.name === partitionNames.persistent && hasAttribute(entry, firstBootAttribute)
}

/**
 * The table of a machine: identities of its own, COS_PERSISTENT up to the end of the disk, the backup in its last sectors.
 * A table whose replacement was broken off keeps the identities that it has.
 * @param diskBytes of the whole disk; whole sectors
 * @param newGuid a random one with each call
 */
export function firstBootTable(table: GptTable, diskBytes: number, newGuid: () => string): GptTable {
  if (!table.entries.some(isMarked)) return { ...table, entriesLba: usualEntries }
  const { sectorBytes } = table
  const sectors = Math.floor(diskBytes / sectorBytes)
  const end = Math.floor((sectors * sectorBytes - tableTailBytes(sectorBytes)) / MiB) * MiB
  return {
    ...table,
    diskGuid: newGuid(),
    entriesLba: usualEntries,
    backupLba: sectors - 1,
    lastUsableLba: sectors - 1 - tableTailBytes(sectorBytes) / sectorBytes,
    entries: table.entries.map((entry) => {
      const { lastLba } = gptEntry(entry) ?? {}
      if (lastLba === undefined) return entry
      if (!isMarked(entry)) return changedEntry(entry, { guid: newGuid() })
      const grown = {
        lastLba: Math.max(lastLba, end / sectorBytes - 1),
        withoutAttribute: firstBootAttribute,
      }
      return changedEntry(entry, { guid: newGuid(), ...grown })
    }),
  }
}

/**
 * Why a table cannot be put on a disk of this size; undefined where it can.
 * @param diskBytes of the whole disk
 */
export function tableMisfit(table: GptTable, diskBytes: number): string | undefined {
  const { sectorBytes, entries } = table
  const ends = entries.map((entry) => gptEntry(entry)?.lastLba ?? 0)
  const needed = (Math.max(...ends) + 1) * sectorBytes + tableTailBytes(sectorBytes)
  if (needed > diskBytes) return `the partitions need ${needed} bytes, the disk has ${diskBytes}`
  const persistent = entries.find(isMarked)
  if (persistent && gptEntry(persistent)?.lastLba !== Math.max(...ends))
    return `partition ${partitionNames.persistent} is not the last one`
  const free = table.firstUsableLba >= spareEntries(sectorBytes) + entrySectors(sectorBytes)
  return free ? undefined : 'there is no room between the table and the first partition'
}

/**
 * Writes that turn the table on a disk into another one, for a disk whose power may fail between any two of them. The
 * entries are first written beside the old ones, where no partition is; one sector, the header, then decides between old
 * and new. After that the same is done once more to bring them to their usual place.
 * @param mbr the first sector of the disk: its protective entry says how large the disk is
 */
export function tableWrites(table: GptTable, mbr: Uint8Array): DiskWrite[] {
  const { sectorBytes, backupLba } = table
  const entries = gptEntries(table)
  const at = (lba: number, bytes: Uint8Array): DiskWrite => ({ offset: lba * sectorBytes, bytes })
  const spare = spareEntries(sectorBytes)
  return [
    // First, since nothing would come back to it; a table that is smaller than the disk is no fault.
    at(0, protectiveMbr(mbr, backupLba)),
    at(backupLba - entrySectors(sectorBytes), entries),
    at(backupLba, gptHeader(table, 'backup')),
    at(spare, entries),
    at(headerLba, gptHeader({ ...table, entriesLba: spare }, 'primary')),
    at(usualEntries, entries),
    at(headerLba, gptHeader({ ...table, entriesLba: usualEntries }, 'primary')),
  ]
}

const usualEntries = 2

/** The sectors behind the entries; the first partition begins at 1 MiB. */
function spareEntries(sectorBytes: number): number {
  return usualEntries + entrySectors(sectorBytes)
}

/** UEFI 2.10, 5.2.3: the one entry covers the disk, as far as 32 bits can say it. */
function protectiveMbr(mbr: Uint8Array, lastLba: number): Uint8Array {
  const sizeAt = 446 + 12
  const copy = Uint8Array.from(mbr)
  const sectors = Math.min(lastLba, 0xffff_ffff)
  for (let i = 0; i < 4; i++) copy[sizeAt + i] = Math.floor(sectors / 256 ** i) % 256
  return copy
}
