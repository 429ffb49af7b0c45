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

/** Encodes as base64 (RFC 4648 §4), with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = [bytes[at], bytes[at + 1], bytes[at + 2]]
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0)
    const digit = (shift: number) => alphabet[(bits >> shift) & 63]
    text += `${digit(18)}${digit(12)}${b === undefined ? '=' : digit(6)}${c === undefined ? '=' : digit(0)}`
  }
  return text
}

/** Bytes of UTF-8 as text, by hand, because QuickJS has no TextDecoder. @throws Error where they are none */
export function utf8Text(bytes: Uint8Array): string {
  const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
  try {
    return decodeURIComponent(escaped)
  } catch {
    throw new Error('is not text in UTF-8')
  }
}
