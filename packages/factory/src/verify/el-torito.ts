import { type Bytes, part, Unreadable } from './bytes.ts'
import { block } from './iso9660.ts'

/** What firmware starts from an optical disc: El Torito Bootable CD-ROM Format 1.0; numbers are little-endian. */
export interface BootImage {
  readonly platform: 'bios' | 'uefi' | 'other'
  /** Bytes from the start of the medium. */
  readonly start: number
  /** Sectors of 512 bytes that the firmware loads. */
  readonly sectors: number
}

const entryBytes = 32

/** @param at byte of the catalogue @throws Unreadable */
export async function readBootCatalogue(medium: Bytes, at: number): Promise<BootImage[]> {
  const catalogue = await part(medium, at, block).read(0, block)
  const entries = Array.from({ length: block / entryBytes }, (_, index) =>
    catalogue.subarray(index * entryBytes, (index + 1) * entryBytes),
  )
  const [validation = Buffer.alloc(entryBytes), initial = Buffer.alloc(entryBytes), ...sections] = entries
  checkValidation(validation)
  const images = [imageOf(initial, validation.readUInt8(1))]
  for (let index = 0; index < sections.length; ) {
    const head = sections[index]
    if (head?.[0] !== 0x90 && head?.[0] !== 0x91) break
    const count = head.readUInt16LE(2)
    const own = sections.slice(index + 1, index + 1 + count)
    images.push(...own.map((entry) => imageOf(entry, head.readUInt8(1))))
    index += 1 + count
  }
  return images.filter((image) => image !== undefined)
}

function checkValidation(entry: Buffer): void {
  if (entry[0] !== 1 || entry.readUInt16LE(30) !== 0xaa55)
    throw new Unreadable('it does not begin as it must')
  const words = Array.from({ length: entryBytes / 2 }, (_, index) => entry.readUInt16LE(index * 2))
  if (words.reduce((sum, word) => sum + word, 0) % 0x1_0000 !== 0)
    throw new Unreadable('its checksum is wrong')
}

/** Undefined where the entry is not to be started. */
function imageOf(entry: Buffer, platform: number): BootImage | undefined {
  if (entry[0] !== 0x88) return undefined
  if (entry[1] !== 0) throw new Unreadable('an image is to be started as a floppy or a hard disk')
  return {
    platform: platforms[platform] ?? 'other',
    start: entry.readUInt32LE(8) * block,
    sectors: entry.readUInt16LE(6),
  }
}

const platforms: Readonly<Record<number, BootImage['platform']>> = { 0: 'bios', 239: 'uefi' }

/**
 * The places that a boot image for BIOS needs to know of itself: the boot info table at byte 8 (mkisofs(8)), and that of GRUB at
 * byte 2548, in sectors behind its first five.
 */
export function bootInfoProblem(image: Buffer, start: number): string | undefined {
  const [volume, own, length, sum] = [8, 12, 16, 20].map((at) => image.readUInt32LE(at))
  if (volume !== 16) return 'its table does not name the volume'
  if (own !== start / block) return 'its table says that it is elsewhere'
  if (length !== image.length) return `its table says that it has ${length} bytes`
  const padded = Buffer.concat([image], Math.ceil(image.length / 4) * 4)
  let words = 0
  for (let at = 64; at < padded.length; at += 4) words = (words + padded.readUInt32LE(at)) >>> 0
  if (words !== sum) return 'the checksum in its table is wrong'
  return Number(image.readBigUInt64LE(2548)) === (start / block) * 4 + 5
    ? undefined
    : 'GRUB in it looks elsewhere'
}
