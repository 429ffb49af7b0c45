import type { Run } from './data-map.ts'

/** A file in a tar archive, owned by root. */
export interface TarMember {
  readonly name: string
  /** Bytes in the archive. */
  readonly size: number
  /** Seconds since 1970. */
  readonly epoch: number
  /** `oldgnu`: GNU's own, for which holes can be left out. */
  readonly format: 'ustar' | 'oldgnu'
  readonly sparse?: SparseFile
}

/** A file with holes: its length, and what is in it. */
export interface SparseFile {
  readonly bytes: number
  readonly runs: readonly Run[]
}

const blockBytes = 512
const runsInHeader = 4
const runsInExtension = 21

/**
 * The header of a member, with the list of runs where it has holes. Source: POSIX pax, "ustar Interchange Format"; GNU tar
 * manual, "Basic Tar Format" (struct oldgnu_header, struct sparse_header).
 */
export function tarHeader(member: TarMember): Buffer {
  const { name, size, epoch, format, sparse } = member
  const header = Buffer.alloc(blockBytes)
  header.write(name, 0)
  number(header, 100, 8, 0o644)
  number(header, 108, 8, 0)
  number(header, 116, 8, 0)
  number(header, 124, 12, size)
  number(header, 136, 12, epoch)
  header.write(sparse ? 'S' : '0', 156)
  header.write(format === 'oldgnu' ? 'ustar  \0' : 'ustar\x0000', 257, 'latin1')
  header.write('root', 265)
  header.write('root', 297)
  const extensions = sparse ? sparseMap(header, sparse) : []
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return Buffer.concat([header, ...extensions])
}

/** What makes a member whole blocks. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes)
}

/** Two empty blocks end an archive; GNU tar and others read ten kilobytes at once. */
export const tarEnd = Buffer.alloc(2 * blockBytes)

/** Writes the first runs into the header. @returns blocks with the others */
function sparseMap(header: Buffer, { bytes, runs }: SparseFile): Buffer[] {
  // An empty run at the end says how far the last hole goes.
  const all = [...runs, { offset: bytes, bytes: 0 }]
  const write = (block: Buffer, from: number, list: typeof all) => {
    for (const [index, run] of list.entries()) {
      number(block, from + index * 24, 12, run.offset)
      number(block, from + index * 24 + 12, 12, run.bytes)
    }
  }
  write(header, 386, all.slice(0, runsInHeader))
  header[482] = all.length > runsInHeader ? 1 : 0
  number(header, 483, 12, bytes)
  const extensions: Buffer[] = []
  for (let at = runsInHeader; at < all.length; at += runsInExtension) {
    const block = Buffer.alloc(blockBytes)
    write(block, 0, all.slice(at, at + runsInExtension))
    block[504] = at + runsInExtension < all.length ? 1 : 0
    extensions.push(block)
  }
  return extensions
}

/** Octal digits; where they do not suffice, GNU's binary form. */
function number(block: Buffer, at: number, length: number, value: number): void {
  if (value < 8 ** (length - 1)) {
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
    return
  }
  block.fill(0, at, at + length)
  block.writeBigUInt64BE(BigInt(value), at + length - 8)
  block[at] = 0x80
}
