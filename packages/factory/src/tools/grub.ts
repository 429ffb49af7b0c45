/** GRUB for BIOS, from the toolchain. */
const folder = '/usr/lib/grub/i386-pc'

/** Boot code for the first sector: of a disk, and of a medium that is a disk and an optical disc at once. */
export const bootCode = { disk: `${folder}/boot.img`, hybrid: `${folder}/boot_hybrid.img` } as const

export interface GrubImage {
  readonly format: 'i386-pc' | 'i386-pc-eltorito'
  /** Where GRUB looks for its files; a leading `(,gptN)` is a partition of the disk it was started from. */
  readonly prefix: string
  /** Commands that are run first. */
  readonly prelude: string
  /** Modules that are built in. */
  readonly modules: readonly string[]
}

/** Arguments for grub-mkimage. @param prelude file with the image's first commands */
export function grubImageArguments(
  { format, prefix, modules }: GrubImage,
  prelude: string,
  target: string,
): [string, ...string[]] {
  return [
    'grub-mkimage',
    `--directory=${folder}`,
    `--format=${format}`,
    `--prefix=${prefix}`,
    `--config=${prelude}`,
    `--output=${target}`,
    ...modules,
  ]
}
