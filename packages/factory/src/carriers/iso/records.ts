import type { FileHandle } from 'node:fs/promises'
import { KilnError } from '@kiln/contract'

/** A file in a folder of a medium: ISO 9660 (ECMA-119, 9.1), in one of its two trees. */
export interface IsoRecord {
  readonly tree: 'primary' | 'joliet'
  /** In the primary tree in capitals and shortened. */
  readonly path: string
  /** Bytes from the start of the medium. */
  readonly start: number
  readonly size: number
  /** Where the record itself is. */
  readonly at: number
}

export type MediumFile = Pick<FileHandle, 'read' | 'write'>

const block = 2048
const sizeAt = 10
const deepest = 16

/** Every file of both trees. @throws KilnError E-ARTIFACT-UNKNOWN where it is no ISO with both */
export async function readRecords(medium: MediumFile): Promise<IsoRecord[]> {
  const found: IsoRecord[] = []
  for (let at = 16; at < 16 + deepest; at++) {
    const descriptor = await readAt(medium, at * block, block)
    if (descriptor.toString('latin1', 1, 6) !== 'CD001') break
    const tree = ({ 1: 'primary', 2: 'joliet' } as const)[descriptor.readUInt8(0)]
    if (tree) {
      const root = {
        start: descriptor.readUInt32LE(156 + 2) * block,
        size: descriptor.readUInt32LE(156 + sizeAt),
      }
      found.push(...(await recordsBelow(medium, tree, root, '')))
    }
  }
  if (found.some(({ tree }) => tree === 'joliet')) return found
  throw new KilnError('E-ARTIFACT-UNKNOWN', 'the file is no ISO of Kiln', {
    hint: 'kiln iso customize takes an ISO that kiln build made',
  })
}

/** Gives a file another length, in both orders of bytes. */
export async function writeSize(medium: MediumFile, { at }: IsoRecord, size: number): Promise<void> {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(size, 0)
  bytes.writeUInt32BE(size, 4)
  await medium.write(bytes, 0, bytes.length, at + sizeAt)
}

async function recordsBelow(
  medium: MediumFile,
  tree: IsoRecord['tree'],
  folder: { readonly start: number; readonly size: number },
  path: string,
): Promise<IsoRecord[]> {
  if (path.split('/').length > deepest) return []
  const bytes = await readAt(medium, folder.start, Math.min(folder.size, 2 ** 24))
  const records: IsoRecord[] = []
  for (let at = 0; at < bytes.length; at += bytes.readUInt8(at)) {
    // The rest of a block into which no further record fits is empty.
    while (at < bytes.length && bytes[at] === 0) at++
    if (at >= bytes.length) break
    const nameBytes = bytes.readUInt8(at + 32)
    const name = nameOf(bytes.subarray(at + 33, at + 33 + nameBytes), tree)
    const place = { start: bytes.readUInt32LE(at + 2) * block, size: bytes.readUInt32LE(at + sizeAt) }
    if (nameBytes === 1 && bytes.readUInt8(at + 33) <= 1) continue
    const isFolder = (bytes.readUInt8(at + 25) & 2) !== 0
    if (isFolder) records.push(...(await recordsBelow(medium, tree, place, `${path}/${name}`)))
    else records.push({ tree, path: `${path}/${name}`, ...place, at: folder.start + at })
  }
  return records
}

/** Joliet's names are UTF-16, the highest byte first; a version may stand behind. */
function nameOf(bytes: Buffer, tree: IsoRecord['tree']): string {
  const text =
    tree === 'joliet'
      ? Buffer.from(bytes.subarray(0, bytes.length & ~1))
          .swap16()
          .toString('utf16le')
      : bytes.toString('latin1')
  return text.replace(/;\d+$/, '')
}

async function readAt(medium: MediumFile, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await medium.read(buffer, 0, length, offset)
  return buffer.subarray(0, bytesRead)
}
