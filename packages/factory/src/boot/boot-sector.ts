const sectorSize = 512

/** A BIOS counts in cylinders and overlooks a disk that has not even one. */
const smallestDisk = 1024 * 1024

/** QEMU's test device: a byte written to this port ends the machine with exit code `byte * 2 + 1`. */
export const debugExitPort = 0xf4

const answer = 0x10

/** The exit code of QEMU after {@link probeSector} has run. */
export const probeExitCode = answer * 2 + 1

/**
 * A disk image that holds nothing but 16-bit code, which a BIOS loads and runs at 0000:7c00.
 * @throws RangeError where the code does not fit into one sector
 */
export function bootSector(code: Uint8Array): Buffer {
  const signature = sectorSize - 2
  if (code.length > signature) throw new RangeError('the code is longer than a boot sector')
  const disk = Buffer.alloc(smallestDisk)
  disk.set(code)
  disk.writeUInt16LE(0xaa55, signature)
  return disk
}

/** The smallest program that proves that a processor works: it says so and ends the machine. */
export function probeSector(): Buffer {
  return bootSector(
    Uint8Array.of(
      ...[0xba, debugExitPort, 0x00], // mov dx, debugExitPort
      ...[0xb0, answer], // mov al, answer
      0xee, // out dx, al
      ...[0xf4, 0xeb, 0xfd], // halt for ever
    ),
  )
}
