import { type FileHandle, open } from 'node:fs/promises'
import { blockBytes, isZero, pieceBytes, type Run, withPlaces } from './data-map.ts'
import { growthPatches, type Patch } from './grow.ts'

/** The bytes of a disk, as a format writer sees them. */
export interface DiskSource {
  readonly bytes: number
  /** Where it is not zero, in whole blocks, in order. */
  readonly runs: readonly Run[]
  /** A new buffer of exactly that length. */
  read(offset: number, length: number): Promise<Buffer>
}

/** Consecutive bytes of a disk, not all of them zero. */
export interface DataRun {
  readonly offset: number
  readonly data: Buffer
}

export interface DiskFile {
  readonly path: string
  /** Size of the file. */
  readonly bytes: number
  readonly runs: readonly Run[]
}

/**
 * Opens a raw disk image, made longer where more bytes are wanted: the backup of its partition table then stands at the new
 * end, and the file itself is not touched.
 */
export async function withDisk<T>(
  { path, bytes: own, runs }: DiskFile,
  bytes: number,
  use: (disk: DiskSource) => Promise<T>,
): Promise<T> {
  const handle = await open(path)
  try {
    const source = { bytes: own, runs, read: readerOf(handle) }
    if (bytes === own) return await use(source)
    const patches = await growthPatches(source, bytes)
    const places = patches.map((patch) => ({ offset: patch.offset, bytes: patch.bytes.length }))
    return await use({ bytes, runs: withPlaces(runs, places, bytes), read: patched(source.read, patches) })
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

/** All data in order, in pieces of whole blocks. */
export async function* dataRuns(disk: DiskSource): AsyncGenerator<DataRun> {
  for (const { offset, bytes } of disk.runs) {
    for (let at = offset; at < offset + bytes; at += pieceBytes) {
      yield { offset: at, data: await disk.read(at, Math.min(pieceBytes, offset + bytes - at)) }
    }
  }
}

/** The same, cut into blocks; without those that became empty. */
export async function* dataBlocks(disk: DiskSource): AsyncGenerator<DataRun> {
  for await (const { offset, data } of dataRuns(disk)) {
    for (let at = 0; at < data.length; at += blockBytes) {
      const block = data.subarray(at, at + blockBytes)
      if (!isZero(block)) yield { offset: offset + at, data: block }
    }
  }
}
