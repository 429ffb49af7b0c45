const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const values = new Map([...alphabet].map((char, value) => [char, value]))

/** Decodes base64 (RFC 4648 §4). Blanks and line breaks are skipped. @throws Error on anything else */
export function decodeBase64(text: string): Uint8Array {
  const compact = text.replace(/\s+/g, '')
  const digits = compact.replace(/={1,2}$/, '')
  if (digits.length % 4 === 1 || (compact !== digits && compact.length % 4 !== 0)) {
    throw new Error('is not base64: wrong length')
  }
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4))
  let bits = 0
  let count = 0
  let at = 0
  for (const digit of digits) {
    const value = values.get(digit)
    if (value === undefined) throw new Error(`is not base64: "${digit}"`)
    bits = ((bits << 6) | value) & 0xffffff
    count += 6
    if (count >= 8) {
      count -= 8
      bytes[at++] = (bits >> count) & 0xff
    }
  }
  return bytes
}
