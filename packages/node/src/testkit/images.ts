import { probeLength } from '../initramfs/probe.ts'

/** First bytes of file systems, made by hand from their formats. */

export function isoImage(label: string): Uint8Array {
  const bytes = new Uint8Array(probeLength)
  bytes[32 * 1024] = 1
  putText(bytes, 32 * 1024 + 1, 'CD001')
  putText(bytes, 32 * 1024 + 40, label.padEnd(32))
  return bytes
}

/** @param incompat feature bits that a reader must know; 0x40 is extents, which makes it ext4 */
export function extImage(label: string, { compat = 0x4, incompat = 0x40 } = {}): Uint8Array {
  const bytes = new Uint8Array(probeLength)
  bytes.set([0x53, 0xef], 1024 + 0x38)
  // 1024 blocks of 1 KiB.
  bytes[1024 + 0x5] = 4
  bytes[1024 + 0x5c] = compat
  bytes[1024 + 0x60] = incompat
  bytes.set(
    Array.from({ length: 16 }, (_, index) => index + 1),
    1024 + 0x68,
  )
  putText(bytes, 1024 + 0x78, label)
  return bytes
}

export function putText(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
}
