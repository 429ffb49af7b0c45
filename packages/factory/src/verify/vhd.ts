import { type Bytes, part, Unreadable } from './bytes.ts'

const footerBytes = 512
const mebibyte = 1024 * 1024
/** Programs that make the size count; of others QEMU takes what cylinders, heads and sectors come to (block/vpc.c). */
const creatorsBySize = ['win ', 'qem2', 'd2v ', 'tap\0', 'CTXS']

export async function isVhd(file: Bytes): Promise<boolean> {
  if (file.size < footerBytes) return false
  return (await file.read(file.size - footerBytes, 8)).toString('latin1') === 'conectix'
}

/**
 * The disk in a fixed VHD. Source: Microsoft, Virtual Hard Disk Image Format Specification 1.0; numbers are big-endian.
 * @throws Unreadable where the footer is not sound, or Azure would not take it
 */
export async function openVhd(file: Bytes): Promise<Bytes> {
  const size = file.size - footerBytes
  const footer = await file.read(size, footerBytes)
  const unsummed = Buffer.from(footer)
  unsummed.fill(0, 64, 68)
  const sum = ~unsummed.reduce((total, byte) => total + byte, 0) >>> 0
  if (sum !== footer.readUInt32BE(64)) throw new Unreadable('the checksum of its footer is wrong')
  if (footer.readUInt32BE(60) !== 2) throw new Unreadable('it is not of fixed size, and Azure takes no other')
  const said = footer.readBigUInt64BE(48)
  if (said !== BigInt(size)) throw new Unreadable(`its footer says ${said} bytes, and before it are ${size}`)
  if (size % mebibyte !== 0) throw new Unreadable('its disk is not of whole MiB, and Azure takes no other')
  if (!creatorsBySize.includes(footer.toString('latin1', 28, 32)))
    throw new Unreadable('its footer names a creator of which QEMU takes the geometry for the size')
  if (footer.subarray(68, 84).every((byte) => byte === 0)) throw new Unreadable('it has no identity')
  return part(file, 0, size)
}
