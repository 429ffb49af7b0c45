import {
  entrySectors,
  type GptTable,
  gptEntries,
  gptHeader,
  headerLba,
  KilnError,
  readGptTable,
} from '@kiln/contract'
import type { DiskSource } from './disk-source.ts'

/** Bytes that stand at a place of a disk instead of those of the file. */
export interface Patch {
  readonly offset: number
  readonly bytes: Uint8Array
}

const sectorBytes = 512
/** The size in sectors, in the one entry of the protective MBR (UEFI 2.10, 5.2.3). */
const protectiveSize = 446 + 12

/**
 * What changes when a disk gets longer: the table knows it, and its backup moves to the new end. Without that, strict
 * importers refuse the disk. The partitions stay; the last one grows when a machine starts from the disk.
 */
export async function growthPatches(disk: DiskSource, bytes: number): Promise<Patch[]> {
  const head = await disk.read(0, 64 * 1024)
  const read = readGptTable((offset, length) => head.subarray(offset, offset + length), sectorBytes)
  if ('problem' in read) throw new KilnError('E-BUG', `the disk that was just made: ${read.problem}`)
  return growTable(read.table, bytes)
}

/** @param bytes of the grown disk, a multiple of a sector */
export function growTable(before: GptTable, bytes: number): Patch[] {
  const sectors = bytes / sectorBytes
  const tail = entrySectors(sectorBytes)
  if (!Number.isInteger(sectors) || sectors - 1 < before.backupLba + tail + 1)
    throw new KilnError('E-BUG', `a disk cannot be grown to ${bytes} bytes`)
  const table = { ...before, backupLba: sectors - 1, lastUsableLba: sectors - tail - 2 }
  const at = (lba: number, content: Uint8Array): Patch => ({ offset: lba * sectorBytes, bytes: content })
  const size = Buffer.alloc(4)
  size.writeUInt32LE(Math.min(sectors - 1, 0xffff_ffff))
  return [
    { offset: protectiveSize, bytes: size },
    at(headerLba, gptHeader(table, 'primary')),
    at(before.backupLba - tail, new Uint8Array((tail + 1) * sectorBytes)),
    at(table.backupLba - tail, gptEntries(table)),
    at(table.backupLba, gptHeader(table, 'backup')),
  ]
}
