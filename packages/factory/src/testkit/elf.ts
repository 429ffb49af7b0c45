/** What a made-up program asks for. */
export interface ElfRecipe {
  readonly interpreter?: string
  readonly libraries?: readonly string[]
  readonly runPath?: string
  readonly rpath?: string
}

/** Where the file lies in memory: another place than in the file, as in every real program. */
const loadAddress = 0x10000
const [headerSize, segmentSize] = [64, 56]

/** A 64-bit little-endian ELF file that consists of nothing but its demands. */
export function makeElf({ interpreter, libraries = [], runPath, rpath }: ElfRecipe = {}): Buffer {
  let strings = '\0'
  const place = (text: string) => {
    const at = strings.length
    strings += `${text}\0`
    return at
  }
  const entries: [tag: number, value: number][] = libraries.map((name) => [1, place(name)])
  if (rpath !== undefined) entries.push([15, place(rpath)])
  if (runPath !== undefined) entries.push([29, place(runPath)])
  const interpreterAt = interpreter === undefined ? 0 : place(interpreter)

  const dynamic = entries.length > 0
  const count = 1 + (dynamic ? 1 : 0) + (interpreter === undefined ? 0 : 1)
  const stringsAt = headerSize + count * segmentSize
  const dynamicAt = stringsAt + strings.length
  const table: [number, number][] = [...entries, [5, loadAddress + stringsAt], [0, 0]]
  const file = Buffer.alloc(dynamicAt + (dynamic ? table.length * 16 : 0))

  file.write('\x7fELF\x02\x01\x01', 'latin1')
  file.writeBigUInt64LE(BigInt(headerSize), 32)
  file.writeUInt16LE(segmentSize, 54)
  file.writeUInt16LE(count, 56)
  file.write(strings, stringsAt, 'latin1')

  let at = headerSize
  const segment = (type: number, offset: number, size: number) => {
    file.writeUInt32LE(type, at)
    file.writeBigUInt64LE(BigInt(offset), at + 8)
    file.writeBigUInt64LE(BigInt(offset + loadAddress), at + 16)
    file.writeBigUInt64LE(BigInt(size), at + 32)
    at += segmentSize
  }
  if (interpreter !== undefined) segment(3, stringsAt + interpreterAt, interpreter.length + 1)
  segment(1, 0, file.length)
  if (dynamic) {
    segment(2, dynamicAt, table.length * 16)
    for (const [index, [tag, value]] of table.entries()) {
      file.writeBigInt64LE(BigInt(tag), dynamicAt + index * 16)
      file.writeBigUInt64LE(BigInt(value), dynamicAt + index * 16 + 8)
    }
  }
  return file
}
