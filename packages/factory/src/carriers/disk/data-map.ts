import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'

/** Consecutive bytes of a disk. */
export interface Run {
  readonly offset: number
  readonly bytes: number
}

/** What is known of a file that is mostly empty. */
export interface DataMap {
  /** sha256 of all of it, 64 hex digits. */
  readonly hex: string
  /** What is not zero, in whole blocks (the last one of a file may be shorter), in order. */
  readonly runs: readonly Run[]
}

/** Clusters of qcow2, grains of VMDK: what is smaller than that is not worth a hole. */
export const blockBytes = 64 * 1024
export const pieceBytes = 16 * blockBytes

const zeros = Buffer.alloc(pieceBytes)

/** Digest and map in one reading. Who makes something of the disk then reads only what is in it. */
export async function mapData(file: FileHandle, size: number): Promise<DataMap> {
  const hash = createHash('sha256')
  const runs: Run[] = []
  const buffer = Buffer.allocUnsafe(pieceBytes)
  for (let offset = 0; offset < size; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(pieceBytes, size - offset), offset)
    const read = buffer.subarray(0, bytesRead)
    hash.update(read)
    if (!isZero(read)) for (const run of runsIn(read, offset)) append(runs, run)
    offset += bytesRead
  }
  return { hex: hash.digest('hex'), runs }
}

/** The digest of a file whose map is known: holes are not read. */
export async function mappedDigest(path: string, size: number, runs: readonly Run[]): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(path)
  try {
    const buffer = Buffer.allocUnsafe(pieceBytes)
    let done = 0
    for (const { offset, bytes } of runs) {
      for (const hole of zeroPieces(offset - done)) hash.update(hole)
      for (let at = offset; at < offset + bytes; at += pieceBytes) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(pieceBytes, offset + bytes - at), at)
        hash.update(buffer.subarray(0, bytesRead))
      }
      done = offset + bytes
    }
    for (const hole of zeroPieces(size - done)) hash.update(hole)
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}

/** A hole of that many bytes, as pieces of a buffer that nobody may change. */
export function* zeroPieces(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= pieceBytes) yield zeros.subarray(0, Math.min(left, pieceBytes))
}

function* runsIn(piece: Buffer, offset: number): Generator<Run> {
  for (let at = 0; at < piece.length; at += blockBytes) {
    const block = piece.subarray(at, at + blockBytes)
    if (!isZero(block)) yield { offset: offset + at, bytes: block.length }
  }
}

function append(runs: Run[], { offset, bytes }: Run): void {
  const last = runs.at(-1)
  if (last && last.offset + last.bytes === offset)
    runs[runs.length - 1] = { ...last, bytes: last.bytes + bytes }
  else runs.push({ offset, bytes })
}

/** Runs and some more bytes, in whole blocks, in order, each block once. @param size where the last block ends */
export function withPlaces(runs: readonly Run[], places: readonly Run[], size: number): Run[] {
  const blocks = places.flatMap(({ offset, bytes }) => {
    const first = Math.floor(offset / blockBytes)
    const count = Math.ceil((offset + bytes) / blockBytes) - first
    return Array.from({ length: count }, (_, index) => first + index)
  })
  const isKnown = (block: number) =>
    runs.some(({ offset, bytes }) => block * blockBytes >= offset && block * blockBytes < offset + bytes)
  const added = [...new Set(blocks)]
    .filter((block) => !isKnown(block))
    .map((block) => ({
      offset: block * blockBytes,
      bytes: Math.min(blockBytes, size - block * blockBytes),
    }))
  const all: Run[] = []
  for (const run of [...runs, ...added].sort((a, b) => a.offset - b.offset)) append(all, run)
  return all
}

export function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const part = bytes.subarray(at, at + pieceBytes)
    if (!part.equals(zeros.subarray(0, part.length))) return false
  }
  return true
}
