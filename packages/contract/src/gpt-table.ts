import { crc32 } from './crc32.ts'
import { numberAt, setNumber } from './little-endian.ts'

/**
 * A GUID partition table as it stands on a disk (UEFI 2.10, 5.3). Entries are kept as bytes: whatever is in them that
 * nobody here knows survives.
 */
export interface GptTable {
  readonly sectorBytes: number
  /** As registries write it, upper-case. */
  readonly diskGuid: string
  /** First sector of the entries: 2, but for the moment in which a table is replaced. */
  readonly entriesLba: number
  /** Sector of the backup's header. */
  readonly backupLba: number
  readonly firstUsableLba: number
  readonly lastUsableLba: number
  /** All 128, 128 bytes each. */
  readonly entries: readonly Uint8Array[]
}

export type ReadTable = { readonly table: GptTable } | { readonly problem: string }

const signature = 'EFI PART'
const headerBytes = 92
const entryBytes = 128
export const entryCount = 128

/** Where the primary header is, in sectors. */
export const headerLba = 1

/** Sectors that the entries of one table take. */
export function entrySectors(sectorBytes: number): number {
  return Math.ceil((entryCount * entryBytes) / sectorBytes)
}

/**
 * Reads and checks the primary table.
 * @param read gives bytes from an offset on the disk, both in bytes
 */
export function readGptTable(
  read: (offset: number, length: number) => Uint8Array,
  sectorBytes: number,
): ReadTable {
  const header = read(headerLba * sectorBytes, headerBytes)
  if (header.length < headerBytes || text(header, 0, 8) !== signature) return { problem: 'there is no GPT' }
  if (numberAt(header, 12, 4) !== headerBytes || numberAt(header, 80, 4) !== entryCount)
    return { problem: 'the GPT has another form' }
  if (numberAt(header, 84, 4) !== entryBytes) return { problem: 'the GPT has another form' }
  const unsummed = Uint8Array.from(header)
  setNumber(unsummed, 16, 4, 0)
  if (crc32(unsummed) !== numberAt(header, 16, 4)) return { problem: 'the header of the GPT is damaged' }
  const entriesLba = numberAt(header, 72, 8)
  const bytes = read(entriesLba * sectorBytes, entryCount * entryBytes)
  if (crc32(bytes) !== numberAt(header, 88, 4)) return { problem: 'the entries of the GPT are damaged' }
  return {
    table: {
      sectorBytes,
      diskGuid: guidText(header.subarray(56, 72)),
      entriesLba,
      backupLba: numberAt(header, 32, 8),
      firstUsableLba: numberAt(header, 40, 8),
      lastUsableLba: numberAt(header, 48, 8),
      entries: Array.from({ length: entryCount }, (_, index) =>
        bytes.slice(index * entryBytes, (index + 1) * entryBytes),
      ),
    },
  }
}

/** The header of the table or of its backup, one sector. */
export function gptHeader(table: GptTable, which: 'primary' | 'backup'): Uint8Array {
  const { sectorBytes, backupLba } = table
  const [own, other] = which === 'primary' ? [headerLba, backupLba] : [backupLba, headerLba]
  const entriesLba = which === 'primary' ? table.entriesLba : backupLba - entrySectors(sectorBytes)
  const bytes = new Uint8Array(sectorBytes)
  for (let i = 0; i < signature.length; i++) bytes[i] = signature.charCodeAt(i)
  setNumber(bytes, 8, 4, 0x0001_0000)
  setNumber(bytes, 12, 4, headerBytes)
  setNumber(bytes, 24, 8, own)
  setNumber(bytes, 32, 8, other)
  setNumber(bytes, 40, 8, table.firstUsableLba)
  setNumber(bytes, 48, 8, table.lastUsableLba)
  bytes.set(guidBytes(table.diskGuid), 56)
  setNumber(bytes, 72, 8, entriesLba)
  setNumber(bytes, 80, 4, entryCount)
  setNumber(bytes, 84, 4, entryBytes)
  setNumber(bytes, 88, 4, crc32(gptEntries(table)))
  setNumber(bytes, 16, 4, crc32(bytes.subarray(0, headerBytes)))
  return bytes
}

/** All entries, as they follow each other on the disk. */
export function gptEntries({ entries }: GptTable): Uint8Array {
  const bytes = new Uint8Array(entryCount * entryBytes)
  for (const [index, entry] of entries.entries()) bytes.set(entry, index * entryBytes)
  return bytes
}

/** What an entry says. Sectors, both ends belonging to the partition. */
export interface GptEntry {
  readonly typeGuid: string
  readonly guid: string
  readonly firstLba: number
  readonly lastLba: number
  readonly name: string
}

/** Undefined where the entry is free. */
export function gptEntry(bytes: Uint8Array): GptEntry | undefined {
  if (bytes.subarray(0, 16).every((byte) => byte === 0)) return undefined
  let name = ''
  for (let at = 56; at < entryBytes && numberAt(bytes, at, 2) !== 0; at += 2)
    name += String.fromCharCode(numberAt(bytes, at, 2))
  return {
    typeGuid: guidText(bytes.subarray(0, 16)),
    guid: guidText(bytes.subarray(16, 32)),
    firstLba: numberAt(bytes, 32, 8),
    lastLba: numberAt(bytes, 40, 8),
    name,
  }
}

/** @param bit of the attributes; 48 to 63 belong to the partition's type */
export function hasAttribute(bytes: Uint8Array, bit: number): boolean {
  return (((bytes[48 + Math.floor(bit / 8)] ?? 0) >> (bit % 8)) & 1) === 1
}

/** A copy of an entry with something changed. */
export function changedEntry(
  bytes: Uint8Array,
  change: { readonly guid?: string; readonly lastLba?: number; readonly withoutAttribute?: number },
): Uint8Array {
  const { guid, lastLba, withoutAttribute: bit } = change
  const copy = Uint8Array.from(bytes)
  if (guid !== undefined) copy.set(guidBytes(guid), 16)
  if (lastLba !== undefined) setNumber(copy, 40, 8, lastLba)
  if (bit !== undefined)
    copy[48 + Math.floor(bit / 8)] = (copy[48 + Math.floor(bit / 8)] ?? 0) & ~(1 << (bit % 8))
  return copy
}

/** The first three groups are stored with their lowest byte first (RFC 9562, 4; UEFI 2.10, appendix A). */
const guidOrder = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const

export function guidBytes(guid: string): Uint8Array {
  const hex = guid.replaceAll('-', '')
  return Uint8Array.from(guidOrder, (at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16))
}

export function guidText(bytes: Uint8Array): string {
  const hex = guidOrder.map((at) => (bytes[at] ?? 0).toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5').toUpperCase()
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}
