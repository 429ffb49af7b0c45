import { createHash } from 'node:crypto'
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import type { KeptWrite } from './cuts.ts'
import type { LogEntry, WriteLog } from './write-log.ts'

/** The unit in which changes are followed. */
export const blockBytes = 4096
const chunkBytes = 256 * blockBytes
const zeros = Buffer.alloc(chunkBytes)

/** A stretch of a disk or file, in bytes. */
export interface Range {
  readonly offset: number
  readonly bytes: number
}

interface Saved extends Range {
  /** Undefined for zeros. */
  readonly content: Buffer | undefined
  readonly stamps: Uint32Array
  readonly empty: Uint8Array
}

/**
 * A disk that takes writes from a log one after the other, and can take some of them back. It knows for each block which
 * writes made it: what has not changed need not be looked at again.
 */
export class ReplayDisk implements Disposable {
  readonly file: string
  readonly bytes: number
  readonly #descriptor: number
  readonly #log: WriteLog
  /** By block: 0 as in the base, otherwise a number for the writes that made it. */
  readonly #stamps: Uint32Array
  /** By block: 1 where it certainly holds zeros. */
  readonly #empty: Uint8Array

  /** @param base raw disk image before the writes; it is copied, sparsely, to `file` */
  constructor(base: string, file: string, log: WriteLog) {
    this.#log = log
    this.file = file
    this.#descriptor = openSync(file, 'w+')
    const source = openSync(base, 'r')
    try {
      this.bytes = fstatSync(source).size
      ftruncateSync(this.#descriptor, this.bytes)
      const blocks = Math.ceil(this.bytes / blockBytes)
      this.#stamps = new Uint32Array(blocks)
      this.#empty = new Uint8Array(blocks).fill(1)
      this.#copyFrom(source)
    } finally {
      closeSync(source)
    }
  }

  /** Takes writes for good. */
  apply(kept: Iterable<KeptWrite>): void {
    for (const { entry, sectors } of kept) this.#write(this.#entry(entry), sectors)
  }

  /** Takes some writes, does something, and takes them back. */
  async trial<T>(kept: readonly KeptWrite[], action: () => Promise<T>): Promise<T> {
    const saved: Saved[] = []
    try {
      for (const { entry: index, sectors } of kept) {
        const entry = this.#entry(index)
        saved.push(this.#save(entry))
        this.#write(entry, sectors)
      }
      return await action()
    } finally {
      for (const each of saved.toReversed()) this.#restore(each)
    }
  }

  read(offset: number, bytes: number): Buffer {
    const buffer = Buffer.alloc(bytes)
    return buffer.subarray(0, readSync(this.#descriptor, buffer, 0, bytes, offset))
  }

  /** The same text means the same content of these places. The other way round, it need not be so. */
  version(ranges: readonly Range[]): string {
    const hash = createHash('sha1')
    for (const { offset, bytes } of ranges) {
      const [first, end] = blocksOf({ offset, bytes })
      const part = this.#stamps.subarray(first, end)
      hash.update(`${offset} ${bytes};`).update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
    }
    return hash.digest('base64')
  }

  /** The stamp of a block: see {@link version}. */
  stamp(block: number): number {
    return this.#stamps[block] ?? 0
  }

  isEmpty(block: number): boolean {
    return this.#empty[block] === 1
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }

  #entry(index: number): LogEntry {
    const entry = this.#log.entries[index]
    if (!entry) throw new RangeError(`the log has no entry ${index}`)
    return entry
  }

  #copyFrom(source: number): void {
    const chunk = Buffer.alloc(chunkBytes)
    for (let at = 0; at < this.bytes; at += chunkBytes) {
      const got = chunk.subarray(0, readSync(source, chunk, 0, chunkBytes, at))
      if (got.equals(zeros.subarray(0, got.length))) continue
      writeSync(this.#descriptor, got, 0, got.length, at)
      for (let inner = 0; inner < got.length; inner += blockBytes) {
        const block = got.subarray(inner, inner + blockBytes)
        if (!block.equals(zeros.subarray(0, block.length))) this.#empty[(at + inner) / blockBytes] = 0
      }
    }
  }

  #write(entry: LogEntry, sectors?: KeptWrite['sectors']): void {
    if (entry.kind !== 'write' && entry.kind !== 'discard') return
    const { sectorBytes } = this.#log.header
    const data = this.#log.data(entry)
    const ranges = sectors ?? [[0, entry.bytes / sectorBytes] as const]
    for (const [from, to] of ranges) {
      const range = { offset: entry.offset + from * sectorBytes, bytes: (to - from) * sectorBytes }
      if (range.offset + range.bytes > this.bytes)
        throw new RangeError(`entry ${entry.index} is behind the end of the disk`)
      const part = data?.subarray(from * sectorBytes, to * sectorBytes)
      if (part) writeSync(this.#descriptor, part, 0, part.length, range.offset)
      else this.#writeZeros(range)
      this.#stampRange(range, entry.index, part === undefined)
    }
  }

  /** Places that have never held anything stay holes. */
  #writeZeros({ offset, bytes }: Range): void {
    for (let at = offset; at < offset + bytes; ) {
      const block = Math.floor(at / blockBytes)
      const end = Math.min((block + 1) * blockBytes, offset + bytes)
      if (!this.isEmpty(block)) writeSync(this.#descriptor, zeros, 0, end - at, at)
      at = end
    }
  }

  /** @param isZero a disk that is discarded as a whole stays as empty as it was */
  #stampRange(range: Range, index: number, isZero: boolean): void {
    const [first, end] = blocksOf(range)
    for (let block = first; block < end; block++) {
      const from = Math.max(range.offset, block * blockBytes) - block * blockBytes
      const to = Math.min(range.offset + range.bytes, (block + 1) * blockBytes) - block * blockBytes
      const whole = to - from === blockBytes
      this.#stamps[block] = whole ? index + 1 : mixedStamp(this.stamp(block), index, from, to)
      if (!isZero) this.#empty[block] = 0
      else if (whole) this.#empty[block] = 1
    }
  }

  #save({ offset, bytes }: LogEntry): Saved {
    const [first, end] = blocksOf({ offset, bytes })
    const empty = this.#empty.slice(first, end)
    const content = empty.every((each) => each === 1) ? undefined : this.read(offset, bytes)
    return { offset, bytes, content, empty, stamps: this.#stamps.slice(first, end) }
  }

  #restore({ offset, bytes, content, stamps, empty }: Saved): void {
    if (content) writeSync(this.#descriptor, content, 0, content.length, offset)
    else this.#writeZeros({ offset, bytes })
    const [first] = blocksOf({ offset, bytes })
    this.#empty.set(empty, first)
    this.#stamps.set(stamps, first)
  }
}

/** First block and the one behind the last. */
function blocksOf({ offset, bytes }: Range): [number, number] {
  return [Math.floor(offset / blockBytes), Math.ceil((offset + bytes) / blockBytes)]
}

/** For a block that is written in part. The highest bit keeps it apart from those that one write made. */
function mixedStamp(before: number, index: number, from: number, to: number): number {
  let mixed = before
  for (const part of [index + 1, from, to]) {
    mixed = Math.imul(mixed ^ part, 0x9e3779b1)
    mixed ^= mixed >>> 15
  }
  return (mixed | 0x8000_0000) >>> 0
}
