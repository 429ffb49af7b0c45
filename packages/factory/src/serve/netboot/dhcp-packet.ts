/** Packets of DHCP: RFC 2131, options of RFC 2132 and RFC 4578 (93, 94, 97). Pure. */
export interface DhcpPacket {
  /** 1: from a client, 2: from a server. */
  readonly operation: number
  /** Sixteen bytes, of which the client's address is the first six. */
  readonly hardware: Buffer
  readonly transaction: number
  /** Bit 15: the client can hear broadcasts only. */
  readonly flags: number
  /** Address of the client, where it has one: four bytes. */
  readonly clientAddress: Buffer
  readonly nextServer: Buffer
  readonly bootFile: string
  readonly options: ReadonlyMap<number, Buffer>
}

export const dhcpOptions = {
  vendor: 43,
  messageType: 53,
  server: 54,
  vendorClass: 60,
  bootFile: 67,
  userClass: 77,
  architecture: 93,
  machineId: 97,
} as const

export const messageTypes = { discover: 1, offer: 2, request: 3, acknowledge: 5 } as const

const magic = Buffer.from([99, 130, 83, 99])
const fixedBytes = 236
const endOption = 255
const fileOffset = 108
const fileBytes = 128

/** Undefined where it is no DHCP packet, or a broken one. */
export function parseDhcp(bytes: Buffer): DhcpPacket | undefined {
  if (bytes.length < fixedBytes + magic.length) return undefined
  if (!bytes.subarray(fixedBytes, fixedBytes + 4).equals(magic)) return undefined
  const options = readOptions(bytes.subarray(fixedBytes + 4))
  if (!options) return undefined
  const file = bytes.subarray(fileOffset, fileOffset + fileBytes)
  const end = file.indexOf(0)
  return {
    operation: bytes[0] ?? 0,
    hardware: bytes.subarray(28, 44),
    transaction: bytes.readUInt32BE(4),
    flags: bytes.readUInt16BE(10),
    clientAddress: bytes.subarray(12, 16),
    nextServer: bytes.subarray(20, 24),
    bootFile: file.toString('latin1', 0, end < 0 ? fileBytes : end),
    options,
  }
}

function readOptions(bytes: Buffer): Map<number, Buffer> | undefined {
  const options = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    const code = bytes[at] ?? endOption
    if (code === endOption) return options
    if (code === 0) {
      at += 1
      continue
    }
    const length = bytes[at + 1]
    if (length === undefined || at + 2 + length > bytes.length) return undefined
    // A long option comes in pieces (RFC 3396).
    const piece = bytes.subarray(at + 2, at + 2 + length)
    options.set(code, Buffer.concat([options.get(code) ?? Buffer.alloc(0), piece]))
    at += 2 + length
  }
  return undefined
}

/** @throws RangeError where a value is too long for the format */
export function formatDhcp(packet: DhcpPacket): Buffer {
  const fixed = Buffer.alloc(fixedBytes)
  fixed.writeUInt8(packet.operation, 0)
  fixed.writeUInt8(1, 1) // Ethernet
  fixed.writeUInt8(6, 2)
  fixed.writeUInt32BE(packet.transaction, 4)
  fixed.writeUInt16BE(packet.flags, 10)
  packet.clientAddress.copy(fixed, 12, 0, 4)
  packet.nextServer.copy(fixed, 20, 0, 4)
  packet.hardware.copy(fixed, 28, 0, 16)
  const file = Buffer.from(packet.bootFile, 'latin1')
  if (file.length >= fileBytes) throw new RangeError(`a boot file of ${file.length} bytes`)
  file.copy(fixed, fileOffset)
  const options = [...packet.options].map(([code, value]) => {
    if (value.length > 255) throw new RangeError(`option ${code} of ${value.length} bytes`)
    return Buffer.concat([Buffer.from([code, value.length]), value])
  })
  return Buffer.concat([fixed, magic, ...options, Buffer.from([endOption])])
}

/** `52:54:00:12:34:56` */
export function macText({ hardware }: Pick<DhcpPacket, 'hardware'>): string {
  return [...hardware.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}
