import { numberAt, setNumber } from './little-endian.ts'

/**
 * GRUB's two parts on a BIOS disk. The first 440 bytes of the disk load one sector; that one loads all the others by a list at
 * its end. Both places are fixed numbers in the code, so they are patched in here. Source: GRUB 2.12, util/setup.c,
 * include/grub/i386/pc/boot.h, include/grub/offsets.h, grub-core/boot/i386/pc/{boot,diskboot}.S.
 */

/** What BIOS counts in, whatever the disk. */
export const biosSectorBytes = 512
/** Behind the code come the disk's signature and the protective partition table, which are none of GRUB's. */
export const bootCodeBytes = 440

/**
 * For a disk that has a table and nothing to start yet: the BIOS goes on with the next one (int 18h). Without it, a BIOS that sees
 * the signature behind the table would start zeros, and hang.
 */
export const vacantBootCode: readonly number[] = Array.from(
  { length: bootCodeBytes },
  (_, index) => [0xcd, 0x18, 0xf4, 0xeb, 0xfd][index] ?? 0, // int 0x18; hlt; jmp to it
)

const kernelSectorAt = 0x5c
const bootDriveAt = 0x64
const bootDriveAny = 0xff
const driveCheckAt = 0x66
const nop = 0x90
/** jmp of two bytes, which `nop`s replace: on a hard disk, BIOSes that pass no drive number are worked around. */
const shortJump = 0xeb

/** The list is at the end of the first sector and grows downwards: start (8 bytes), length (2), segment (2). */
const listEntryAt = biosSectorBytes - 12
const listEnd = listEntryAt - 12
/** Where the second sector of the core is loaded, in paragraphs. */
const secondSectorSegment = 0x820
/** From its link address to the end of what real mode leaves it. */
const largestCore = 0x78000 - 0x8200

export interface GrubImages {
  /** `boot.img`: one sector. */
  readonly boot: Uint8Array
  /** `core.img`, as grub-mkimage makes it. */
  readonly core: Uint8Array
}

export interface EmbeddedGrub {
  /** For the start of the disk. Written last: it is what makes the disk start. */
  readonly bootCode: Uint8Array
  /** For the place that was asked for; whole sectors. */
  readonly core: Uint8Array
}

/** Images that cannot be put on a disk, or not there. Expected: the caller turns it into an error of its own kind. */
export class GrubEmbedError extends Error {}

/**
 * Both parts of GRUB for a disk.
 * @param start first sector of the core, in sectors of 512 bytes from the start of the disk
 * @param room sectors that the core may take there
 * @throws GrubEmbedError
 */
export function embedGrub({ boot, core }: GrubImages, start: number, room: number): EmbeddedGrub {
  if (!Number.isSafeInteger(start) || start < 1)
    throw new GrubEmbedError(`no core can begin at sector ${start}`)
  checkBoot(boot)
  const sectors = checkCore(core, room)
  const bootCode = boot.slice(0, bootCodeBytes)
  setNumber(bootCode, kernelSectorAt, 8, start)
  bootCode[bootDriveAt] = bootDriveAny
  bootCode.fill(nop, driveCheckAt, driveCheckAt + 2)
  const placed = new Uint8Array(sectors * biosSectorBytes)
  placed.set(core)
  setNumber(placed, listEntryAt, 8, start + 1)
  setNumber(placed, listEntryAt + 8, 2, sectors - 1)
  setNumber(placed, listEntryAt + 10, 2, secondSectorSegment)
  return { bootCode, core: placed }
}

function checkBoot(boot: Uint8Array): void {
  if (boot.length !== biosSectorBytes || boot[510] !== 0x55 || boot[511] !== 0xaa)
    throw new GrubEmbedError('the boot image is not one boot sector')
  if (boot[driveCheckAt] !== shortJump || numberAt(boot, kernelSectorAt, 8) !== 1)
    throw new GrubEmbedError('the boot image is not one of GRUB for disks')
}

/** @returns the sectors that the core takes */
function checkCore(core: Uint8Array, room: number): number {
  const sectors = Math.ceil(core.length / biosSectorBytes)
  if (sectors < 2 || core.length > largestCore)
    throw new GrubEmbedError(`a core of ${core.length} bytes is none that BIOS can load`)
  const isUnplaced =
    numberAt(core, listEntryAt, 8) === 2 &&
    numberAt(core, listEntryAt + 8, 2) === sectors - 1 &&
    numberAt(core, listEntryAt + 10, 2) === secondSectorSegment &&
    numberAt(core, listEnd + 8, 2) === 0
  if (!isUnplaced) throw new GrubEmbedError('the core image is not as grub-mkimage makes it for a disk')
  if (sectors > room) throw new GrubEmbedError(`the core takes ${sectors} sectors and there are ${room}`)
  return sectors
}
