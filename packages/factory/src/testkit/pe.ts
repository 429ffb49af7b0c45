/** A program for UEFI that is nothing but its headers, sections and signatures. */
export interface PeRecipe {
  readonly machine?: number
  readonly sections?: Readonly<Record<string, Buffer>>
  /** PKCS #7 messages, or what stands in their place. */
  readonly signatures?: readonly Buffer[]
}

const fileAlignment = 512
const headerAt = 128

export function makePe({ machine = 0x8664, sections = {}, signatures = [] }: PeRecipe = {}): Buffer {
  const list = Object.entries(sections)
  const head = Buffer.alloc(1024)
  head.write('MZ', 0)
  head.writeUInt32LE(headerAt, 0x3c)
  head.write('PE\0\0', headerAt, 'latin1')
  head.writeUInt16LE(machine, headerAt + 4)
  head.writeUInt16LE(list.length, headerAt + 6)
  head.writeUInt16LE(240, headerAt + 20)
  const optional = headerAt + 24
  head.writeUInt16LE(0x20b, optional)
  head.writeUInt32LE(fileAlignment, optional + 36)
  head.writeUInt32LE(head.length, optional + 60)
  head.writeUInt32LE(16, optional + 108)
  const bodies: Buffer[] = []
  let end = head.length
  for (const [index, [name, content]] of list.entries()) {
    const at = optional + 240 + index * 40
    const raw = Math.ceil(content.length / fileAlignment) * fileAlignment
    head.write(name, at, 'latin1')
    head.writeUInt32LE(content.length, at + 8)
    head.writeUInt32LE(raw, at + 16)
    head.writeUInt32LE(end, at + 20)
    bodies.push(content, Buffer.alloc(raw - content.length))
    end += raw
  }
  const table = Buffer.concat(signatures.map(certificate))
  if (table.length > 0) {
    head.writeUInt32LE(end, optional + 112 + 32)
    head.writeUInt32LE(table.length, optional + 112 + 36)
  }
  return Buffer.concat([head, ...bodies, table])
}

function certificate(content: Buffer): Buffer {
  const length = 8 + content.length
  const bytes = Buffer.alloc(Math.ceil(length / 8) * 8)
  bytes.writeUInt32LE(length, 0)
  bytes.writeUInt16LE(0x0200, 4)
  bytes.writeUInt16LE(2, 6)
  content.copy(bytes, 8)
  return bytes
}
