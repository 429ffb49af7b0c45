import { crc32 } from 'node:zlib'
import { type Bytes, Unreadable } from './bytes.ts'
import type { Report } from './report.ts'

/** UEFI 2.10, 5.2 and 5.3; numbers are little-endian, sectors have 512 bytes. */
const sector = 512

export interface Partition {
  readonly number: number
  readonly type: string
  readonly guid: string
  readonly name: string
  /** Bytes. */
  readonly start: number
  readonly size: number
}

interface Table {
  readonly own: number
  readonly other: number
  readonly firstUsable: number
  readonly lastUsable: number
  readonly diskGuid: string
  readonly entriesAt: number
  readonly entries: Buffer
  readonly count: number
  readonly entryBytes: number
}

export const types = {
  bios: '21686148-6449-6e6f-744e-656564454649',
  efi: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
} as const

/** Reads the partition table and its backup, and looks at all that firmware and importers look at. */
export async function verifyGpt(
  disk: Bytes,
  report: Report,
  options: { hybrid: boolean },
): Promise<Partition[]> {
  const place = 'partition table'
  const last = Math.floor(disk.size / sector) - 1
  const primary = await report.read(place, 'header and entries, with their checksums', () =>
    readTable(disk, 1),
  )
  if (!primary) return []
  report.note(place, 'usable sectors', usableProblem(primary, last))
  const backup = await report.read(
    'backup of the partition table',
    'header and entries, with their checksums',
    () => readTable(disk, primary.other),
  )
  if (backup) {
    report.note('backup of the partition table', 'in the last sector', positionProblem(primary, backup, last))
    report.note('backup of the partition table', 'the same as the table', sameProblem(primary, backup))
  }
  const partitions = partitionsOf(primary)
  const efi = partitions.find(({ type }) => type === types.efi)
  report.note(
    'first sector',
    'protective entry',
    protectiveProblem(await disk.read(0, sector), last, options.hybrid || efi),
  )
  report.note(place, `${partitions.length} partitions`, overlapProblem(partitions, primary))
  report.note(place, 'each has an identity of its own', identityProblem(primary, partitions))
  return partitions
}

async function readTable(disk: Bytes, lba: number): Promise<Table> {
  const header = await disk.read(lba * sector, sector)
  if (header.length < sector) throw new Unreadable(`sector ${lba} lies behind the end of the disk`)
  if (header.toString('latin1', 0, 8) !== 'EFI PART') throw new Unreadable(`there is none in sector ${lba}`)
  const headerBytes = header.readUInt32LE(12)
  if (headerBytes < 92 || headerBytes > sector) throw new Unreadable('the header has an impossible length')
  const unsummed = Buffer.from(header.subarray(0, headerBytes))
  unsummed.fill(0, 16, 20)
  if (crc32(unsummed) !== header.readUInt32LE(16)) throw new Unreadable('the checksum of the header is wrong')
  const [count, entryBytes] = [header.readUInt32LE(80), header.readUInt32LE(84)]
  if (count > 1024 || entryBytes < 128 || entryBytes > 4096)
    throw new Unreadable('the entries have an impossible form')
  const entriesAt = Number(header.readBigUInt64LE(72))
  const entries = await disk.read(entriesAt * sector, count * entryBytes)
  if (entries.length < count * entryBytes) throw new Unreadable('the entries lie behind the end of the disk')
  if (crc32(entries) !== header.readUInt32LE(88)) throw new Unreadable('the checksum of the entries is wrong')
  if (Number(header.readBigUInt64LE(24)) !== lba) throw new Unreadable('it says that it is in another sector')
  return {
    own: lba,
    other: Number(header.readBigUInt64LE(32)),
    firstUsable: Number(header.readBigUInt64LE(40)),
    lastUsable: Number(header.readBigUInt64LE(48)),
    diskGuid: guid(header, 56),
    entriesAt,
    entries,
    count,
    entryBytes,
  }
}

function usableProblem(
  { entriesAt, entries, firstUsable, lastUsable }: Table,
  last: number,
): string | undefined {
  if (firstUsable < entriesAt + Math.ceil(entries.length / sector)) return 'the first one is within the table'
  return lastUsable >= last || lastUsable < firstUsable ? 'the last one is not on the disk' : undefined
}

function positionProblem(primary: Table, backup: Table, last: number): string | undefined {
  if (backup.own !== last) return `it is in sector ${backup.own}, and the last one is ${last}`
  if (backup.other !== primary.own) return 'it leads to no table'
  if (backup.entriesAt <= primary.lastUsable) return 'its entries are where partitions may be'
  return undefined
}

function sameProblem(primary: Table, backup: Table): string | undefined {
  const isSame =
    primary.entries.equals(backup.entries) &&
    primary.diskGuid === backup.diskGuid &&
    primary.firstUsable === backup.firstUsable &&
    primary.lastUsable === backup.lastUsable
  return isSame ? undefined : 'they differ'
}

/** @param beside what may stand beside it: anything, as on an ISO, or one partition, as on the disk of a board */
function protectiveProblem(
  first: Buffer,
  last: number,
  beside: true | Partition | undefined,
): string | undefined {
  if (first.readUInt16LE(510) !== 0xaa55) return 'the sector has no signature'
  const entries = entriesOf(first)
  const protective = entries.find((entry) => entry[4] === 0xee)
  if (!protective) return 'there is none: old programs see an empty disk'
  const others = entries.filter((entry) => entry[4] !== 0 && entry !== protective)
  if (beside !== true && others.some((entry) => !beside || !isFatEntry(entry, beside)))
    return 'there are others beside it'
  const [start, length] = [protective.readUInt32LE(8), protective.readUInt32LE(12)]
  if (start !== 1) return `it begins at sector ${start}`
  // It covers what is before the other one then.
  if (beside !== true && others.length > 0) return undefined
  const wanted = Math.min(last, 0xffff_ffff)
  return length === wanted || length === 0xffff_ffff
    ? undefined
    : `it has ${length} sectors instead of ${wanted}`
}

/** Whether an entry of the first sector is a partition of the GPT, as FAT32 with addresses by number. */
function isFatEntry(entry: Buffer, { start, size }: Partition): boolean {
  return (
    entry[4] === 0x0c && entry.readUInt32LE(8) * sector === start && entry.readUInt32LE(12) * sector === size
  )
}

/** The EFI partition for firmware that knows no GPT, as the first entry of the first sector. */
export async function verifyBoardEntry(disk: Bytes, efi: Partition, report: Report): Promise<void> {
  const [entry] = entriesOf(await disk.read(0, sector))
  const isThere = entry !== undefined && isFatEntry(entry, efi)
  report.note(
    'first sector',
    'the EFI partition, for firmware that knows no GPT',
    !isThere && 'it is not there',
  )
}

function entriesOf(first: Buffer): Buffer[] {
  return [0, 1, 2, 3].map((index) => first.subarray(446 + 16 * index, 462 + 16 * index))
}

function partitionsOf({ entries, count, entryBytes }: Table): Partition[] {
  return Array.from({ length: count }, (_, index) => {
    const entry = entries.subarray(index * entryBytes, (index + 1) * entryBytes)
    const [first, lastSector] = [Number(entry.readBigUInt64LE(32)), Number(entry.readBigUInt64LE(40))]
    return {
      number: index + 1,
      type: guid(entry, 0),
      guid: guid(entry, 16),
      name: entry.toString('utf16le', 56, 128).replace(/\0.*$/s, ''),
      start: first * sector,
      size: (lastSector - first + 1) * sector,
    }
  }).filter(({ type }) => !/^[0-]+$/.test(type))
}

function overlapProblem(partitions: readonly Partition[], table: Table): string | undefined {
  const sorted = partitions.toSorted((a, b) => a.start - b.start)
  let end = table.firstUsable * sector
  for (const { number, name, start, size } of sorted) {
    if (size <= 0) return `partition ${number} (${name}) has no size`
    if (start < end) return `partition ${number} (${name}) begins before byte ${end}`
    end = start + size
  }
  return end > (table.lastUsable + 1) * sector ? 'the last partition goes beyond what may be used' : undefined
}

function identityProblem(table: Table, partitions: readonly Partition[]): string | undefined {
  const all = [table.diskGuid, ...partitions.map((each) => each.guid)]
  if (all.some((each) => /^[0-]+$/.test(each))) return 'one has none'
  return new Set(all).size === all.length ? undefined : 'two are the same'
}

/** The first three groups are stored with their lowest byte first. */
function guid(bytes: Buffer, at: number): string {
  const turned = (from: number, to: number) =>
    Buffer.from(bytes.subarray(at + from, at + to))
      .reverse()
      .toString('hex')
  const plain = (from: number, to: number) => bytes.toString('hex', at + from, at + to)
  return [turned(0, 4), turned(4, 6), turned(6, 8), plain(8, 10), plain(10, 16)].join('-')
}
