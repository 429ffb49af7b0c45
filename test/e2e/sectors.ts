import { bootSector } from '@kiln/factory/boot/boot-sector'

/** What the program does after it has said its text. */
type End = 'halt' | 'reset'

const loadAddress = 0x7c00

/** A disk image that says a text on the first serial port, under a BIOS: the smallest system there is. */
export function talkingDisk(text: string, end: End = 'halt'): Buffer {
  const ends = {
    halt: [0xf4, 0xeb, 0xfd], // hlt; jmp to it
    reset: [0xb0, 0xfe, 0xe6, 0x64, 0xf4, 0xeb, 0xfd], // mov al, 0xfe; out 0x64, al: the keyboard controller resets
  }
  const start = [0x31, 0xc0, 0x8e, 0xd8] // xor ax, ax; mov ds, ax
  const talk = [
    0xfc, // cld
    ...[0xac, 0x84, 0xc0, 0x74, 0x12], // next: lodsb; test al, al; jz end
    ...[0x88, 0xc4, 0xba, 0xfd, 0x03], // mov ah, al; mov dx, line status
    ...[0xec, 0xa8, 0x20, 0x74, 0xfb], // wait: in al, dx; test al, ready; jz wait
    ...[0x88, 0xe0, 0xba, 0xf8, 0x03], // mov al, ah; mov dx, data
    ...[0xee, 0xeb, 0xe9], // out dx, al; jmp next
    ...ends[end],
  ]
  const pointer = 3
  const address = loadAddress + start.length + pointer + talk.length
  return bootSector(
    Uint8Array.of(...start, 0xbe, address & 0xff, address >> 8, ...talk, ...Buffer.from(text, 'latin1'), 0),
  )
}
