import { bootSector } from '@kiln/factory/boot/boot-sector'

const loadAddress = 0x7c00

/**
 * A disk image whose first sector writes itself to other sectors of the disk by the BIOS, and then says a text on the first
 * serial port: the smallest system that writes.
 * @param sectors where to write to, in sectors of 512 bytes; two at most
 */
export function writingDisk(sectors: readonly number[], text: string): Buffer {
  const start = [0x31, 0xc0, 0x8e, 0xd8, 0xfc] // xor ax, ax; mov ds, ax; cld
  const callBytes = 8
  const talk = [
    ...[0xac, 0x84, 0xc0, 0x74, 0x12], // next: lodsb; test al, al; jz end
    ...[0x88, 0xc4, 0xba, 0xfd, 0x03], // mov ah, al; mov dx, line status
    ...[0xec, 0xa8, 0x20, 0x74, 0xfb], // wait: in al, dx; test al, ready; jz wait
    ...[0x88, 0xe0, 0xba, 0xf8, 0x03], // mov al, ah; mov dx, data
    ...[0xee, 0xeb, 0xe9], // out dx, al; jmp next
    ...[0xf4, 0xeb, 0xfd], // hlt; jmp to it
  ]
  const packetsAt = loadAddress + start.length + callBytes * sectors.length + 3 + talk.length
  const textAt = packetsAt + 16 * sectors.length
  const calls = sectors.flatMap((_, index) => [
    ...loadSi(packetsAt + 16 * index),
    ...[0xb8, 0x00, 0x43], // mov ax, 0x4300: extended write, by the packet at ds:si
    ...[0xcd, 0x13], // int 0x13; dl is still the drive that the BIOS started from
  ])
  const packets = sectors.flatMap((sector) => {
    const packet = Buffer.alloc(16)
    packet.writeUInt8(16, 0)
    packet.writeUInt16LE(1, 2)
    packet.writeUInt16LE(loadAddress, 4)
    packet.writeUInt32LE(sector, 8)
    return [...packet]
  })
  const characters = [...Buffer.from(text, 'latin1'), 0]
  return bootSector(Uint8Array.of(...start, ...calls, ...loadSi(textAt), ...talk, ...packets, ...characters))
}

function loadSi(address: number): number[] {
  return [0xbe, address & 0xff, address >> 8]
}
