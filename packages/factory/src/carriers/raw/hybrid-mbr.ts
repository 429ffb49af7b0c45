import { open } from 'node:fs/promises'
import { biosSectorBytes, type DiskPlan, KilnError } from '@kiln/contract'

/** FAT32 with addresses by number: what Windows and the firmware of boards call type 0x0c. */
const fatType = 0x0c
const protectiveType = 0xee
const tableAt = 446
const entryBytes = 16

/**
 * Names the EFI partition in the table of the first sector, too, for firmware that knows no GPT. The entry that protects the GPT
 * comes behind it, and covers what is before the partition: readers of GPT ask only that it begins at sector 1.
 */
export async function writeHybridMbr(image: string, plan: DiskPlan): Promise<void> {
  const efi = plan.partitions.find(({ role }) => role === 'efi')
  if (!efi) throw new KilnError('E-BUG', 'the disk has no EFI partition')
  const start = efi.start / biosSectorBytes
  const entries = Buffer.concat([
    entry(fatType, start, efi.bytes / biosSectorBytes),
    entry(protectiveType, 1, start - 1),
    Buffer.alloc(2 * entryBytes),
  ])
  const disk = await open(image, 'r+')
  await disk.write(entries, 0, entries.length, tableAt).finally(() => disk.close())
}

/** Heads and cylinders say that they cannot hold the address: FE FF FF. */
function entry(type: number, start: number, sectors: number): Buffer {
  const bytes = Buffer.from([0, 0xfe, 0xff, 0xff, type, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0])
  bytes.writeUInt32LE(start, 8)
  bytes.writeUInt32LE(sectors, 12)
  return bytes
}
