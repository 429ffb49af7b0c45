import type { Host } from '../../host/host.ts'
import { fileDigest } from '../../host/sha256sum.ts'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const randomLength = 32

/** 32 letters and digits out of the kernel's random numbers. */
export function randomText(host: Pick<Host, 'readBytes'>): string {
  let text = ''
  while (text.length < randomLength) {
    for (const byte of host.readBytes('/dev/urandom', 0, 64)) {
      // Whole multiples only, so that each letter is as likely.
      const fair = byte < letters.length * Math.floor(256 / letters.length)
      if (fair && text.length < randomLength) text += letters[byte % letters.length]
    }
  }
  return text
}

/** As the field has it: machineid.ProtectedID("yip") of github.com/denisbrodbeck/machineid. */
const application = 'yip'
const blockBytes = 64

/** HMAC-SHA256 (RFC 2104) of the application's name under the machine-id, as hex; empty without a machine-id. */
export function protectedId(host: Host, machineId: string): string {
  if (machineId === '' || machineId.length > blockBytes) return ''
  const key = Uint8Array.from({ length: blockBytes }, (_, at) => machineId.charCodeAt(at) || 0)
  const inner = sha256(host, [...key.map((byte) => byte ^ 0x36), ...ascii(application)])
  return hex(sha256(host, [...key.map((byte) => byte ^ 0x5c), ...inner]))
}

function sha256(host: Host, bytes: readonly number[]): number[] {
  host.mkdir('/run/kiln', { recursive: true })
  const file = `/run/kiln/hmac-${Math.floor(host.uptime() * 1000)}`
  try {
    host.write(file, Uint8Array.from(bytes), { mode: 0o600 })
    const digits = fileDigest(host, file).replace('sha256:', '')
    return [...digits.matchAll(/../g)].map(([pair]) => Number.parseInt(pair, 16))
  } finally {
    host.remove(file, { recursive: true })
  }
}

function ascii(text: string): number[] {
  return [...text].map((char) => char.charCodeAt(0))
}

function hex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
