import { open } from 'node:fs/promises'
import type { DiskSource } from './disk-source.ts'
import { writeSparse } from './sparse.ts'

export const footerBytes = 512
/** Times count from 2000-01-01. */
const epoch2000 = 946_684_800

export interface VhdIdentity {
  /** UUID with its dashes. */
  readonly uuid: string
  /** Seconds since 1970. */
  readonly epoch: number
}

/** A fixed VHD: the disk as it is, and behind it a footer. Sparse, though the format knows nothing of that. */
export async function writeVhd(disk: DiskSource, target: string, identity: VhdIdentity): Promise<void> {
  await writeSparse(disk, target)
  const file = await open(target, 'r+')
  try {
    await file.write(vhdFooter(disk.bytes, identity), 0, footerBytes, disk.bytes)
  } finally {
    await file.close()
  }
}

/**
 * Source: Microsoft, Virtual Hard Disk Image Format Specification 1.0, "Hard Disk Footer Format"; numbers are big-endian.
 * The creator is QEMU's word for "the size counts, not the geometry": from a creator that it does not know, QEMU takes the
 * size that cylinders, heads and sectors come to, which is less, and the end of the disk with the backup table is lost.
 */
export function vhdFooter(bytes: number, { uuid, epoch }: VhdIdentity): Buffer {
  const footer = Buffer.alloc(footerBytes)
  footer.write('conectix', 0, 'latin1')
  footer.writeUInt32BE(2, 8) // features: one bit, always set
  footer.writeUInt32BE(0x0001_0000, 12)
  footer.fill(0xff, 16, 24) // no dynamic header
  footer.writeUInt32BE(Math.max(0, epoch - epoch2000), 24)
  footer.write('qem2', 28, 'latin1')
  footer.writeUInt32BE(0x0001_0000, 32)
  footer.write('Wi2k', 36, 'latin1')
  footer.writeBigUInt64BE(BigInt(bytes), 40)
  footer.writeBigUInt64BE(BigInt(bytes), 48)
  const { cylinders, heads, sectors } = vhdGeometry(bytes / 512)
  footer.writeUInt16BE(cylinders, 56)
  footer.writeUInt8(heads, 58)
  footer.writeUInt8(sectors, 59)
  footer.writeUInt32BE(2, 60) // fixed
  footer.write(uuid.replaceAll('-', ''), 68, 'hex')
  footer.writeUInt32BE(~footer.reduce((sum, byte) => sum + byte, 0) >>> 0, 64)
  return footer
}

/** The appendix "CHS Calculation" of the specification. */
export function vhdGeometry(totalSectors: number): { cylinders: number; heads: number; sectors: number } {
  const total = Math.min(totalSectors, 65_535 * 16 * 255)
  let [sectors, heads] = [255, 16]
  let tracks = Math.floor(total / sectors)
  if (total < 65_535 * 16 * 63) {
    sectors = 17
    tracks = Math.floor(total / sectors)
    heads = Math.max(4, Math.floor((tracks + 1023) / 1024))
    if (tracks >= heads * 1024 || heads > 16) {
      ;[sectors, heads] = [31, 16]
      tracks = Math.floor(total / sectors)
    }
    if (tracks >= heads * 1024) {
      ;[sectors, heads] = [63, 16]
      tracks = Math.floor(total / sectors)
    }
  }
  return { cylinders: Math.floor(tracks / heads), heads, sectors }
}
