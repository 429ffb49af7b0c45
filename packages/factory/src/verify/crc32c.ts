/** CRC-32C (Castagnoli), reflected, as ext4 has it: neither start nor end is inverted. */
const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0x82f6_3b78 ^ (value >>> 1) : value >>> 1
  return value
})

export function crc32c(seed: number, bytes: Uint8Array): number {
  let value = seed
  for (const byte of bytes) value = (table[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8)
  return value >>> 0
}
