import { createHash } from 'node:crypto'
import type { Range, ReplayDisk } from './replay-disk.ts'

/** A part of a file's content. */
export interface Piece extends Range {
  /** It is nowhere on the disk: zeros. */
  readonly isHole?: boolean
}

const stepBytes = 4 * 1024 * 1024

/** SHA-256 of files on a disk that changes. Each content is read only once. */
export class Digests {
  readonly #disk: ReplayDisk
  readonly #known = new Map<string, string>()

  constructor(disk: ReplayDisk) {
    this.#disk = disk
  }

  /** @returns `sha256:<64 hex digits>` of these places of the disk, one after the other */
  of(pieces: readonly Piece[]): string {
    const holes = pieces.map(({ isHole, bytes }) => (isHole ? bytes : ''))
    const key = `${this.#disk.version(pieces.filter(({ isHole }) => !isHole))} ${holes}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const hash = createHash('sha256')
    for (const piece of pieces) for (const part of this.#parts(piece)) hash.update(part)
    const digest = `sha256:${hash.digest('hex')}`
    this.#known.set(key, digest)
    return digest
  }

  *#parts({ offset, bytes, isHole }: Piece): Generator<Buffer> {
    for (let at = 0; at < bytes; at += stepBytes) {
      const length = Math.min(stepBytes, bytes - at)
      yield isHole ? Buffer.alloc(length) : this.#disk.read(offset + at, length)
    }
  }
}

export function digestOf(content: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}
