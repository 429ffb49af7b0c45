import { type FileHandle, open } from 'node:fs/promises'
import { growthPatches, type Patch } from './grow.ts'

/** The bytes of a disk, as a format writer sees them. */
export interface DiskSource {
  readonly bytes: number
  /** A new buffer of exactly that length. */
  read(offset: number, length: number): Promise<Buffer>
}

/** Consecutive bytes of a disk, not all of them zero. */
export interface DataRun {
  readonly offset: number
  readonly data: Buffer
}

/** Clusters of qcow2, grains of VMDK: what is smaller than that is not worth a hole. */
export const blockBytes = 64 * 1024

const pieceBytes = 16 * blockBytes
const zeros = Buffer.alloc(pieceBytes)

/**
 * Opens a raw disk image, made longer where more bytes are wanted: the backup of its partition table then stands at the new
 * end, and the file itself is not touched.
 */
export async function withDisk<T>(
  file: string,
  bytes: number,
  use: (disk: DiskSource) => Promise<T>,
): Promise<T> {
  const handle = await open(file)
  try {
    const source = { bytes: (await handle.stat()).size, read: readerOf(handle) }
    const patches = bytes === source.bytes ? [] : await growthPatches(source, bytes)
    return await use({ bytes, read: patched(source.read, patches) })
  } finally {
    await handle.close()
  }
}

/** What lies behind the end of the file reads as zeros. */
function readerOf(handle: FileHandle): DiskSource['read'] {
  return async (offset, length) => {
    const buffer = Buffer.allocUnsafe(length)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return buffer.fill(0, filled)
  }
}

function patched(read: DiskSource['read'], patches: readonly Patch[]): DiskSource['read'] {
  if (patches.length === 0) return read
  return async (offset, length) => {
    const buffer = await read(offset, length)
    for (const patch of patches) {
      const from = Math.max(offset, patch.offset)
      const to = Math.min(offset + length, patch.offset + patch.bytes.length)
      if (from < to) buffer.set(patch.bytes.subarray(from - patch.offset, to - patch.offset), from - offset)
    }
    return buffer
  }
}

/** All that is not zero, in order, in runs of whole blocks (the last block of a disk may be shorter). */
export async function* dataRuns(disk: DiskSource): AsyncGenerator<DataRun> {
  for (let offset = 0; offset < disk.bytes; offset += pieceBytes) {
    const piece = await disk.read(offset, Math.min(pieceBytes, disk.bytes - offset))
    if (isZero(piece)) continue
    let start: number | undefined
    for (let at = 0; at < piece.length; at += blockBytes) {
      const block = piece.subarray(at, at + blockBytes)
      if (!isZero(block)) start ??= at
      else if (start !== undefined) {
        yield { offset: offset + start, data: piece.subarray(start, at) }
        start = undefined
      }
    }
    if (start !== undefined) yield { offset: offset + start, data: piece.subarray(start) }
  }
}

export function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const part = bytes.subarray(at, at + pieceBytes)
    if (!part.equals(zeros.subarray(0, part.length))) return false
  }
  return true
}
