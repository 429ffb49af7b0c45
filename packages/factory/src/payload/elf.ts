/** What a dynamic program asks for. Format: the ELF specification (gabi), 64 bit, little endian. */
export interface ElfNeeds {
  /** Path of the dynamic loader. Libraries have none. */
  readonly interpreter: string | undefined
  /** File names, not paths. */
  readonly libraries: readonly string[]
  readonly runPath: readonly string[]
}

const magic = '\x7fELF'
const programInterpreter = 3
const programDynamic = 2
const programLoad = 1
const tags = { needed: 1, strings: 5, runPath: 29, rpath: 15 } as const

/** Undefined for anything that is no 64-bit little-endian ELF file. */
export function elfNeeds(file: Buffer): ElfNeeds | undefined {
  if (file.length < 64 || file.toString('latin1', 0, 4) !== magic || file[4] !== 2 || file[5] !== 1)
    return undefined
  const segments = readSegments(file)
  const interpreter = segments.find((segment) => segment.type === programInterpreter)
  const dynamic = segments.find((segment) => segment.type === programDynamic)
  const entries = dynamic ? readDynamic(file.subarray(dynamic.offset, dynamic.offset + dynamic.size)) : []
  const table = entries.find((entry) => entry.tag === tags.strings)
  const strings = table ? fileOffset(segments, table.value) : 0
  const texts = (tag: number) =>
    entries.filter((entry) => entry.tag === tag).map((entry) => readText(file, strings + entry.value))
  return {
    interpreter: interpreter ? readText(file, interpreter.offset) : undefined,
    libraries: texts(tags.needed),
    runPath: [...texts(tags.runPath), ...texts(tags.rpath)].flatMap((paths) => paths.split(':')),
  }
}

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly size: number
}

function readSegments(file: Buffer): Segment[] {
  const start = Number(file.readBigUInt64LE(32))
  const [size, count] = [file.readUInt16LE(54), file.readUInt16LE(56)]
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    }
  })
}

function readDynamic(section: Buffer): { tag: number; value: number }[] {
  const entries: { tag: number; value: number }[] = []
  for (let at = 0; at + 16 <= section.length; at += 16) {
    entries.push({ tag: Number(section.readBigInt64LE(at)), value: Number(section.readBigUInt64LE(at + 8)) })
  }
  return entries
}

/** The dynamic section speaks of addresses in memory; the file has the same bytes at another offset. */
function fileOffset(segments: readonly Segment[], address: number): number {
  const segment = segments.find(
    ({ type, address: start, size }) => type === programLoad && address >= start && address < start + size,
  )
  return segment ? segment.offset + (address - segment.address) : address
}

function readText(file: Buffer, at: number): string {
  return file.toString('utf8', at, file.indexOf(0, at))
}
