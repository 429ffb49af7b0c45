/** Packets of TFTP: RFC 1350, with the options of RFC 2347, 2348 (blksize) and 2349 (tsize). Pure. */
export type TftpRequest =
  | { readonly kind: 'read'; readonly file: string; readonly options: ReadonlyMap<string, string> }
  | { readonly kind: 'acknowledge'; readonly block: number }
  | { readonly kind: 'error' }
  /** Nothing that a server for reading could answer, but with an error. */
  | { readonly kind: 'other' }

const opcodes = { read: 1, data: 3, acknowledge: 4, error: 5, options: 6 } as const

export const tftpErrors = { missing: 1, illegal: 4 } as const

export function parseTftp(bytes: Buffer): TftpRequest {
  const opcode = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0
  if (opcode === opcodes.acknowledge && bytes.length >= 4) {
    return { kind: 'acknowledge', block: bytes.readUInt16BE(2) }
  }
  if (opcode === opcodes.error) return { kind: 'error' }
  if (opcode !== opcodes.read) return { kind: 'other' }
  const [file = '', mode = '', ...rest] = bytes.toString('latin1', 2).split('\0')
  if (file === '' || !/^(octet|netascii)$/i.test(mode)) return { kind: 'other' }
  const options = new Map<string, string>()
  for (let at = 0; at + 1 < rest.length; at += 2)
    options.set((rest[at] ?? '').toLowerCase(), rest[at + 1] ?? '')
  return { kind: 'read', file, options }
}

export function dataPacket(block: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(opcodes.data, 0)
  head.writeUInt16BE(block, 2)
  return Buffer.concat([head, content])
}

export function optionsPacket(options: ReadonlyMap<string, string>): Buffer {
  const text = [...options].map(([name, value]) => `${name}\0${value}\0`).join('')
  return Buffer.concat([Buffer.from([0, opcodes.options]), Buffer.from(text, 'latin1')])
}

export function errorPacket(code: number, message: string): Buffer {
  return Buffer.concat([Buffer.from([0, opcodes.error, 0, code]), Buffer.from(`${message}\0`, 'latin1')])
}

/** Largest that fits an Ethernet frame beside the headers of IP, UDP and TFTP: fragments get lost in firmware. */
const mostBlock = 1468
export const usualBlock = 512

/** What of a client's options is agreed to, and the size of blocks that follows. */
export function agree(
  asked: ReadonlyMap<string, string>,
  size: number,
): { readonly options: ReadonlyMap<string, string>; readonly blockSize: number } {
  const options = new Map<string, string>()
  const wanted = Number(asked.get('blksize'))
  const blockSize = Number.isInteger(wanted) && wanted >= 8 ? Math.min(wanted, mostBlock) : usualBlock
  if (asked.has('blksize') && Number.isInteger(wanted) && wanted >= 8)
    options.set('blksize', String(blockSize))
  if (asked.has('tsize')) options.set('tsize', String(size))
  return { options, blockSize }
}
