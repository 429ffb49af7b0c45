import { utf8Bytes } from '@kiln/contract'
import { decodeBase64 } from '../base64.ts'

/** One part of a message. */
export interface MimePart {
  /** `text/cloud-config`, lower-case. */
  readonly type: string
  readonly text: string
}

/** MIME messages as cloud platforms give them (RFC 2046 §5.1), multipart ones within each other included. */
const deepest = 5
const mostParts = 64

/** Whether a text is a message: its first lines are headers, one of them the content type. */
export function isMime(text: string): boolean {
  return /^(?:[\w-]+:.*\r?\n(?:[ \t].*\r?\n)*)*content-type:\s*(multipart\/|text\/)/i.test(text)
}

/**
 * The parts of a message, in order.
 * @param decode UTF-8 to text
 * @throws Error on a part that cannot be decoded, or on too many of them
 */
export function mimeParts(text: string, decode: (bytes: Uint8Array) => string, depth = 0): MimePart[] {
  if (depth > deepest) throw new Error('has too many messages within each other')
  const [, head = '', body = ''] = text.match(/^([\s\S]*?)\r?\n\r?\n([\s\S]*)$/) ?? []
  const headers = headersOf(head)
  const type = headers.get('content-type') ?? 'text/plain'
  if (!/^multipart\//i.test(type)) {
    const plain = decodeBody(body, headers.get('content-transfer-encoding') ?? '', decode)
    return [{ type: type.split(';')[0]?.trim().toLowerCase() ?? '', text: plain }]
  }
  const boundary = type.match(/boundary=(?:"([^"]+)"|([^\s;]+))/i)
  const name = boundary?.[1] ?? boundary?.[2]
  if (name === undefined) throw new Error('has no boundary')
  const parts = split(body, name).flatMap((part) => mimeParts(part, decode, depth + 1))
  if (parts.length > mostParts) throw new Error(`has more than ${mostParts} parts`)
  return parts
}

function headersOf(head: string): Map<string, string> {
  const lines = head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)
  return new Map(
    lines.flatMap((line) => {
      const [, name, value = ''] = line.match(/^([\w-]+):\s*(.*)$/) ?? []
      return name === undefined ? [] : [[name.toLowerCase(), value.trim()] as const]
    }),
  )
}

/** What is between the lines `--name`; the one with `--` behind it is the last. A message that is cut off ends with its text. */
function split(body: string, boundary: string): string[] {
  const parts: string[] = []
  let current: string[] | undefined
  for (const line of body.split('\n')) {
    const bare = line.trimEnd()
    if (bare !== `--${boundary}` && bare !== `--${boundary}--`) {
      current?.push(line)
      continue
    }
    if (current) parts.push(current.join('\n').replace(/\r$/, ''))
    current = bare.endsWith(`${boundary}--`) ? undefined : []
    if (current === undefined) return parts
  }
  if (current) parts.push(current.join('\n'))
  return parts
}

function decodeBody(body: string, encoding: string, decode: (bytes: Uint8Array) => string): string {
  const kind = encoding.toLowerCase()
  if (kind === 'base64') return decode(decodeBase64(body))
  if (kind === 'quoted-printable') return decode(quotedPrintable(body))
  return body
}

/** RFC 2045 §6.7. */
function quotedPrintable(body: string): Uint8Array {
  const bytes: number[] = []
  for (const [all, digits] of body.replace(/=\r?\n/g, '').matchAll(/=([\dA-Fa-f]{2})|[\s\S]/gu)) {
    if (digits === undefined) bytes.push(...utf8Bytes(all))
    else bytes.push(Number.parseInt(digits, 16))
  }
  return Uint8Array.from(bytes)
}
