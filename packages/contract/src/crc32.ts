/** CRC-32 as in gzip, PNG and GPT: reflected polynomial 0xEDB88320, start and end inverted (ISO-HDLC). */
const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  return value
})

/** @returns an unsigned 32-bit number */
export function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff
  for (const byte of bytes) value = (table[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8)
  return (value ^ 0xffffffff) >>> 0
}

/** Eight lower-case hex digits of the CRC-32 of a text in UTF-8. */
export function crc32Text(text: string): string {
  return crc32(utf8Bytes(text)).toString(16).padStart(8, '0')
}

/** By hand, because QuickJS has no TextEncoder. A lone surrogate becomes U+FFFD, as there. */
export function utf8Bytes(text: string): Uint8Array {
  const bytes: number[] = []
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point
    if (code < 0x80) bytes.push(code)
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), continued(code))
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), continued(code >> 6), continued(code))
    else bytes.push(0xf0 | (code >> 18), continued(code >> 12), continued(code >> 6), continued(code))
  }
  return Uint8Array.from(bytes)
}

function continued(code: number): number {
  return 0x80 | (code & 0x3f)
}
