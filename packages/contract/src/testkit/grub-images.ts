import type { GrubImages } from '../grub-embed.ts'

/** Stand-ins for GRUB's images with the fields that placing them needs, as grub-mkimage leaves them. */
export function grubImages(coreBytes = 3000): GrubImages {
  const boot = new Uint8Array(512).fill(0x11)
  boot.set([1, 0, 0, 0, 0, 0, 0, 0], 0x5c)
  boot.set([0xff, 0xfa, 0xeb, 0x05, 0xf6, 0xc2, 0x80], 0x64)
  boot.set([0x55, 0xaa], 510)
  const core = Uint8Array.from({ length: coreBytes }, (_, index) => index % 251)
  core.fill(0, 400, 512)
  const rest = Math.ceil(coreBytes / 512) - 1
  core.set([2, 0, 0, 0, 0, 0, 0, 0, rest & 255, rest >> 8, 0x20, 0x08], 500)
  return { boot, core }
}
