import { closeSync, openSync, writeSync } from 'node:fs'

type Flag = 'flush' | 'fua' | 'discard' | 'mark'
const bits: Readonly<Record<Flag, number>> = { flush: 1, fua: 2, discard: 4, mark: 8 }

/** Writes a log of writes by hand, entry by entry, for sequences that no machine is needed for. See write-log.ts. */
export class LogWriter implements Disposable {
  readonly #descriptor: number
  readonly #sectorBytes: number
  #entries = 0
  #end: number

  constructor(file: string, sectorBytes = 512) {
    this.#descriptor = openSync(file, 'w')
    this.#sectorBytes = sectorBytes
    this.#end = sectorBytes
    this.#writeHeader()
  }

  /** @param offset on the disk, in bytes; whole sectors, as is the data */
  write(offset: number, data: Uint8Array, ...flags: readonly Flag[]): this {
    return this.#append(offset, data.length, flags, data)
  }

  discard(offset: number, bytes: number): this {
    return this.#append(offset, bytes, ['discard'])
  }

  flush(): this {
    return this.#append(0, 0, ['flush'])
  }

  mark(text: string): this {
    return this.#append(0, 0, ['mark'], Buffer.from(text))
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }

  #append(offset: number, bytes: number, flags: readonly Flag[], data: Uint8Array = new Uint8Array()): this {
    const sector = this.#sectorBytes
    const head = Buffer.alloc(sector)
    const marked = flags.includes('mark') ? data.length : 0
    const numbers = [
      offset / sector,
      bytes / sector,
      flags.reduce((sum, flag) => sum | bits[flag], 0),
      marked,
    ]
    for (const [index, number] of numbers.entries()) head.writeBigUInt64LE(BigInt(number), index * 8)
    const padded = Buffer.alloc(Math.ceil(data.length / sector) * sector)
    padded.set(data)
    writeSync(this.#descriptor, Buffer.concat([head, padded]), 0, sector + padded.length, this.#end)
    this.#end += sector + padded.length
    this.#entries++
    this.#writeHeader()
    return this
  }

  #writeHeader(): void {
    const header = Buffer.alloc(this.#sectorBytes)
    header.writeBigUInt64LE(0x6a736677736872n, 0)
    header.writeBigUInt64LE(1n, 8)
    header.writeBigUInt64LE(BigInt(this.#entries), 16)
    header.writeUInt32LE(this.#sectorBytes, 24)
    writeSync(this.#descriptor, header, 0, header.length, 0)
  }
}
