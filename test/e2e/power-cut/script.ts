import { closeSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs'
import { LogWriter } from './log-writer.ts'
import { tool } from './sample-disk.ts'

/** Whole sectors that a program changed. */
export interface Change {
  readonly offset: number
  readonly data: Buffer
}

const sectorBytes = 512
const chunkBytes = 256 * 1024

/** What some tool would write, as writes that can be given to a log in any order. */
export class Script implements Disposable {
  /** The disk after all changes so far. */
  readonly disk: string
  readonly #log: LogWriter

  /** @param base raw image; it is not changed */
  constructor(base: string, disk: string, log: string) {
    copySparse(base, disk)
    this.disk = disk
    this.#log = new LogWriter(log)
  }

  /** Lets a tool change the disk, and gives what it wrote: one change for each run of sectors. Nothing is logged yet; changes
   * are to be logged in the order in which they were made, or sectors of later ones come back as they were. */
  change(edit: (file: string) => void): Change[] {
    const before = `${this.disk}.before`
    copySparse(this.disk, before)
    edit(this.disk)
    return changesBetween(before, this.disk)
  }

  write(changes: readonly Change[]): this {
    for (const { offset, data } of changes) this.#log.write(offset, data)
    return this
  }

  flush(): this {
    this.#log.flush()
    return this
  }

  [Symbol.dispose](): void {
    this.#log[Symbol.dispose]()
  }
}

function changesBetween(before: string, after: string): Change[] {
  const [left, right] = [openSync(before, 'r'), openSync(after, 'r')]
  const [a, b] = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)]
  const changes: { offset: number; data: Buffer }[] = []
  for (let at = 0; at < statSync(after).size; at += chunkBytes) {
    readSync(left, a, 0, chunkBytes, at)
    const got = readSync(right, b, 0, chunkBytes, at)
    if (a.equals(b)) continue
    for (let inner = 0; inner < got; inner += sectorBytes) {
      const sector = b.subarray(inner, inner + sectorBytes)
      if (sector.equals(a.subarray(inner, inner + sectorBytes))) continue
      const last = changes.at(-1)
      if (last && last.offset + last.data.length === at + inner)
        last.data = Buffer.concat([last.data, sector])
      else changes.push({ offset: at + inner, data: Buffer.from(sector) })
    }
  }
  closeSync(left)
  closeSync(right)
  return changes
}

/** Writes straight over a place of a disk. */
export function overwrite(file: string, offset: number, data: Uint8Array): void {
  const disk = openSync(file, 'r+')
  writeSync(disk, data, 0, data.length, offset)
  closeSync(disk)
}

function copySparse(from: string, to: string): void {
  tool('cp', ['--sparse=always', from, to])
}

/** Where a sector with this content is on a disk. */
export function findSector(file: string, content: Uint8Array): number {
  const disk = readFileSync(file)
  for (let at = 0; at < disk.length; at += sectorBytes) {
    if (disk.subarray(at, at + sectorBytes).equals(content)) return at
  }
  throw new RangeError(`${file} has no such sector`)
}
