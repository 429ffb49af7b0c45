import { vacantBootCode } from '@kiln/contract'
import { digestOf } from './digests.ts'
import type { Partition } from './sfdisk.ts'

/**
 * GRUB on a BIOS disk: the first sector loads one sector of the core, and that one the others, by a list at its end. Source: GRUB
 * 2.12, grub-core/boot/i386/pc/boot.S and diskboot.S, include/grub/offsets.h.
 */
export interface BiosFacts {
  /** Of the code in the first sector, and of the core that it leads to; without what depends on where they are. */
  readonly bootCode: string
  readonly core: string
  readonly problem?: string
}

export const sectorBytes = 512
const codeBytes = 440
const coreAddressAt = 0x5c
/** Where the drive's number, and a jump that a disk does not need, are patched. */
const patched = [coreAddressAt, 0x68] as const
/** The one entry of the list: first sector (8), count (2), segment (2). */
const listAt = sectorBytes - 12

/** @param read gives bytes from an offset on the disk */
export function lookAtBios(read: (offset: number, bytes: number) => Buffer, partition: Partition): BiosFacts {
  const first = read(0, sectorBytes)
  const address = Number(first.readBigUInt64LE(coreAddressAt))
  const problem = misplaced(first, address, partition)
  if (problem) return { bootCode: bootCodeFingerprint(first), core: '', problem }
  const head = read(address * sectorBytes, sectorBytes)
  const next = Number(head.readBigUInt64LE(listAt))
  const sectors = 1 + head.readUInt16LE(listAt + 8)
  const bootCode = bootCodeFingerprint(first)
  if (next !== address + 1 || sectors * sectorBytes > partition.bytes)
    return { bootCode, core: '', problem: 'the first sector of the core leads elsewhere' }
  return { bootCode, core: coreFingerprint(read(address * sectorBytes, sectors * sectorBytes)) }
}

function misplaced(first: Buffer, address: number, { offset, bytes }: Partition): string | undefined {
  if (first.readUInt16LE(510) !== 0xaa55) return 'the first sector has no signature'
  const place = address * sectorBytes
  return place >= offset && place < offset + bytes
    ? undefined
    : 'the first sector does not lead to the partition for BIOS'
}

/** A BIOS that finds no signature goes on with the next disk, as does the code of a disk that is not installed yet. */
export function hasNoBootCode(first: Buffer): boolean {
  const isSigned = first.readUInt16LE(sectorBytes - 2) === 0xaa55
  return !isSigned || first.subarray(0, codeBytes).equals(Buffer.from(vacantBootCode))
}

/** Of `boot.img`, or of the first sector of a disk. */
export function bootCodeFingerprint(sector: Uint8Array): string {
  const code = Buffer.from(sector.subarray(0, codeBytes))
  code.fill(0, ...patched)
  return digestOf(code)
}

/** Of `core.img`, or of one on a disk. */
export function coreFingerprint(core: Uint8Array): string {
  const whole = Buffer.alloc(Math.ceil(core.length / sectorBytes) * sectorBytes)
  whole.set(core)
  whole.fill(0, listAt, listAt + 8)
  return digestOf(whole)
}
