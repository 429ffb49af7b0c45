/** GRUB for BIOS, from the toolchain. */
const folder = '/usr/lib/grub/i386-pc'

/** Boot code for the first sector, which finds the boot image on a medium that is a disk. */
export const hybridBootSector = `${folder}/boot_hybrid.img`

export interface GrubImageOptions {
  readonly target: string
  readonly prelude: string
  readonly modules: readonly string[]
}

/** Arguments for grub-mkimage: an El Torito boot image. */
export function grubImageArguments({ target, prelude, modules }: GrubImageOptions): [string, ...string[]] {
  return [
    'grub-mkimage',
    `--directory=${folder}`,
    '--format=i386-pc-eltorito',
    '--prefix=/boot/grub',
    `--config=${prelude}`,
    `--output=${target}`,
    ...modules,
  ]
}
