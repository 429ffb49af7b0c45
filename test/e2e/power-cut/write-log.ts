import { closeSync, openSync, readSync } from 'node:fs'

/**
 * A record of all writes to a disk, in the format of dm-log-writes as QEMU's block driver blklogwrites makes it. Source:
 * drivers/md/dm-log-writes.c of Linux, block/blklogwrites.c of QEMU. All numbers are little-endian. Sector 0 of the log has the
 * header; then comes one sector for each entry, with the written bytes behind it. QEMU counts in the log's own sectors.
 */
const magic = 0x6a736677736872n
const version = 1n

const flags = { flush: 1, fua: 2, discard: 4, mark: 8 } as const
const knownFlags = flags.flush | flags.fua | flags.discard | flags.mark

export interface LogHeader {
  readonly entries: number
  readonly sectorBytes: number
}

/** In the order in which the disk said that they are done. Offsets and lengths in bytes. */
export interface LogEntry {
  /** From 0. */
  readonly index: number
  readonly kind: 'write' | 'discard' | 'flush' | 'mark'
  /** What came before has reached the disk for good, before this entry does anything. */
  readonly flushes: boolean
  /** Has reached the disk for good when it is done (force unit access). */
  readonly durable: boolean
  /** On the disk. */
  readonly offset: number
  readonly bytes: number
  /** Where the written bytes are in the log. */
  readonly dataAt: number
}

/** Gives bytes of the log from an offset; fewer at its end. */
export type ReadLog = (offset: number, bytes: number) => Buffer

/** @throws Error where it is no log */
export function readHeader(read: ReadLog): LogHeader {
  const bytes = read(0, 28)
  if (bytes.length < 28 || bytes.readBigUInt64LE(0) !== magic) throw new Error('this is no log of writes')
  if (bytes.readBigUInt64LE(8) !== version) throw new Error('the log of writes has another version')
  const sectorBytes = bytes.readUInt32LE(24)
  if (sectorBytes < 512 || (sectorBytes & (sectorBytes - 1)) !== 0) {
    throw new Error(`the log of writes has sectors of ${sectorBytes} bytes`)
  }
  return { entries: Number(bytes.readBigUInt64LE(16)), sectorBytes }
}

/** Entries one after the other, without the data. @throws Error where the log is torn or of another form */
export function* readEntries(read: ReadLog): Generator<LogEntry> {
  const { entries, sectorBytes } = readHeader(read)
  let at = sectorBytes
  for (let index = 0; index < entries; index++) {
    const head = read(at, sectorBytes)
    if (head.length < 32) throw new Error(`the log of writes ends before entry ${index} of ${entries}`)
    const [sector = 0, sectors = 0, flag = 0, extra = 0] = [0, 8, 16, 24].map((offset) =>
      Number(head.readBigUInt64LE(offset)),
    )
    if ((flag & ~knownFlags) !== 0) throw new Error(`entry ${index} has the flags ${flag}`)
    const kind = kindOf(flag, sectors)
    yield {
      index,
      kind,
      flushes: (flag & flags.flush) !== 0,
      durable: (flag & flags.fua) !== 0,
      offset: sector * sectorBytes,
      bytes: sectors * sectorBytes,
      dataAt: at + sectorBytes,
    }
    const stored = kind === 'write' ? sectors * sectorBytes : kind === 'mark' ? extra : 0
    at += sectorBytes + Math.ceil(stored / sectorBytes) * sectorBytes
  }
}

function kindOf(flag: number, sectors: number): LogEntry['kind'] {
  if ((flag & flags.mark) !== 0) return 'mark'
  if (sectors === 0) return 'flush'
  return (flag & flags.discard) !== 0 ? 'discard' : 'write'
}

/** An open log. */
export class WriteLog implements Disposable {
  readonly header: LogHeader
  readonly entries: readonly LogEntry[]
  readonly #descriptor: number

  /** @throws Error where it is no log, or torn */
  constructor(file: string) {
    this.#descriptor = openSync(file, 'r')
    try {
      this.header = readHeader((offset, bytes) => this.#read(offset, bytes))
      this.entries = [...readEntries((offset, bytes) => this.#read(offset, bytes))]
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  /** What a write wrote; undefined for zeros, which is what a discard leaves. */
  data({ kind, dataAt, bytes, index }: LogEntry): Buffer | undefined {
    if (kind !== 'write') return undefined
    const data = this.#read(dataAt, bytes)
    if (data.length < bytes) throw new Error(`the log of writes ends within entry ${index}`)
    return data
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }

  #read(offset: number, bytes: number): Buffer {
    const buffer = Buffer.alloc(bytes)
    return buffer.subarray(0, readSync(this.#descriptor, buffer, 0, bytes, offset))
  }
}

/** How many entries a log has that is being written. */
export function countEntries(file: string): number {
  const descriptor = openSync(file, 'r')
  try {
    const header = Buffer.alloc(28)
    const got = readSync(descriptor, header, 0, header.length, 0)
    return got < header.length ? 0 : readHeader(() => header).entries
  } finally {
    closeSync(descriptor)
  }
}
