/** What the SMBIOS table knows better than the kernel. 0 and empty where it does not say. */
export interface SmbiosFacts {
  /** MHz. */
  readonly cpuSpeed: number
  /** MiB, MT/s. */
  readonly memorySize: number
  readonly memorySpeed: number
  readonly memoryType: string
}

/** Structures of the SMBIOS specification (DSP0134): 4 is a processor, 17 a memory device, 127 the end. */
const processor = 4
const memoryDevice = 17
const endOfTable = 127

/** DSP0134 §7.18.2, numbers of the memory that machines of today have. */
const memoryTypes: Readonly<Record<number, string>> = {
  3: 'DRAM',
  7: 'RAM',
  15: 'SDRAM',
  18: 'DDR',
  19: 'DDR2',
  24: 'DDR3',
  26: 'DDR4',
  27: 'LPDDR',
  28: 'LPDDR2',
  29: 'LPDDR3',
  30: 'LPDDR4',
  32: 'HBM',
  33: 'HBM2',
  34: 'DDR5',
  35: 'LPDDR5',
}

/** Reads the raw table (/sys/firmware/dmi/tables/DMI). A table that breaks off gives what came before. */
export function parseSmbios(table: Uint8Array): SmbiosFacts {
  const facts = { cpuSpeed: 0, memorySize: 0, memorySpeed: 0, memoryType: '' }
  for (const entry of structures(table)) {
    if (entry.type === processor) facts.cpuSpeed ||= word(entry.bytes, 0x16)
    if (entry.type !== memoryDevice) continue
    const size = memorySize(entry.bytes)
    if (size === 0) continue
    facts.memorySize += size
    facts.memorySpeed ||= word(entry.bytes, 0x15)
    facts.memoryType ||= memoryTypes[entry.bytes[0x12] ?? 0] ?? ''
  }
  return facts
}

interface Structure {
  readonly type: number
  readonly bytes: Uint8Array
}

function* structures(table: Uint8Array): Generator<Structure> {
  let at = 0
  for (;;) {
    const [type, length = 0] = table.subarray(at, at + 2)
    // A header alone is 4 bytes.
    if (type === undefined || type === endOfTable || length < 4 || at + length > table.length) return
    yield { type, bytes: table.subarray(at, at + length) }
    at += length
    while (at + 1 < table.length && (table[at] !== 0 || table[at + 1] !== 0)) at++
    at += 2
  }
}

/** MiB. 0xffff is unknown, 0x7fff says that it is in the longer field, the uppermost bit that it counts KiB. */
function memorySize(bytes: Uint8Array): number {
  const size = word(bytes, 0x0c)
  if (size === 0xffff) return 0
  if (size === 0x7fff) return word(bytes, 0x1c) + word(bytes, 0x1e) * 0x10000
  return size & 0x8000 ? (size & 0x7fff) / 1024 : size
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256
}
