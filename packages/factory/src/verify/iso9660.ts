import { type Bytes, part, Unreadable } from './bytes.ts'

/** ISO 9660 (ECMA-119) with Joliet names; blocks have 2048 bytes. */
export const block = 2048

export interface IsoFile {
  /** With a slash at its start. */
  readonly path: string
  /** Bytes from the start of the medium. */
  readonly start: number
  readonly size: number
}

export interface IsoVolume {
  readonly label: string
  /** Bytes, as the volume says. */
  readonly size: number
  /** Byte of the boot catalogue of El Torito. */
  readonly catalogue: number | undefined
  readonly files: readonly IsoFile[]
}

const kinds = { boot: 0, primary: 1, supplementary: 2, end: 255 } as const
const bootSystem = 'EL TORITO SPECIFICATION'

/** @throws Unreadable */
export async function readIso(medium: Bytes): Promise<IsoVolume> {
  const descriptors = await readDescriptors(medium)
  const primary = descriptors.find(({ kind }) => kind === kinds.primary)?.bytes
  const joliet = descriptors.find(({ kind, bytes }) => kind === kinds.supplementary && isJoliet(bytes))?.bytes
  const boot = descriptors.find(
    ({ kind, bytes }) => kind === kinds.boot && bytes.toString('latin1', 7, 30) === bootSystem,
  )
  if (!primary || !joliet) throw new Unreadable('it has no volume descriptor, or none with long names')
  const size = bothEnds(primary, 80) * block
  if (size > medium.size)
    throw new Unreadable(`it ends early: it has ${medium.size} bytes, and its volume ${size}`)
  return {
    label: primary.toString('latin1', 40, 72).trimEnd(),
    size,
    catalogue: boot ? boot.bytes.readUInt32LE(71) * block : undefined,
    files: await filesBelow(medium, recordAt(joliet, 156), ''),
  }
}

interface Descriptor {
  readonly kind: number
  readonly bytes: Buffer
}

async function readDescriptors(medium: Bytes): Promise<Descriptor[]> {
  const found: Descriptor[] = []
  for (let at = 16; at < 16 + 32; at++) {
    const bytes = await medium.read(at * block, block)
    if (bytes.length < block || bytes.toString('latin1', 1, 6) !== 'CD001') break
    const kind = bytes.readUInt8(0)
    if (kind === kinds.end) return found
    found.push({ kind, bytes })
  }
  throw new Unreadable('its volume descriptors have no end')
}

/** Escape sequences for UCS-2, levels 1 to 3. */
function isJoliet(descriptor: Buffer): boolean {
  return ['%/@', '%/C', '%/E'].includes(descriptor.toString('latin1', 88, 91))
}

interface FolderRecord {
  readonly name: string
  readonly start: number
  readonly size: number
  readonly isFolder: boolean
}

function recordAt(bytes: Buffer, at: number): FolderRecord {
  const length = bytes.readUInt8(at + 32)
  const name = Buffer.from(bytes.subarray(at + 33, at + 33 + (length & ~1)))
    .swap16()
    .toString('utf16le')
  return {
    name: name.replace(/;\d+$/, ''),
    start: bothEnds(bytes, at + 2) * block,
    size: bothEnds(bytes, at + 10),
    isFolder: (bytes.readUInt8(at + 25) & 2) !== 0,
  }
}

/** A number that is stored twice, with its lowest byte first and last. */
function bothEnds(bytes: Buffer, at: number): number {
  const value = bytes.readUInt32LE(at)
  if (value !== bytes.readUInt32BE(at + 4))
    throw new Unreadable('a number in its tables differs from its copy')
  return value
}

async function filesBelow(medium: Bytes, folder: FolderRecord, path: string): Promise<IsoFile[]> {
  if (path.split('/').length > 16) throw new Unreadable(`folder ${path} lies too deep`)
  const bytes = await part(medium, folder.start, folder.size).read(0, folder.size)
  const files: IsoFile[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt8(at)
    // A record never crosses the end of a block.
    if (length === 0) {
      at = (Math.floor(at / block) + 1) * block
      continue
    }
    const isSelfOrParent = bytes.readUInt8(at + 32) === 1 && bytes.readUInt8(at + 33) <= 1
    if (!isSelfOrParent) {
      const { name, start, size, isFolder } = recordAt(bytes, at)
      if (isFolder)
        files.push(...(await filesBelow(medium, { name, start, size, isFolder }, `${path}/${name}`)))
      else files.push({ path: `${path}/${name}`, start, size })
    }
    at += length
  }
  return files
}
