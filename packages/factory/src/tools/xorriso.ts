/** Arguments for xorriso as mkisofs: a hybrid ISO, bootable on BIOS and UEFI, as a disc and as a disk. Runs in the toolchain. */
export interface IsoImageOptions {
  readonly target: string
  readonly label: string
  /** Seconds since 1970; becomes the volume's date. */
  readonly epoch: number
  /** UUID of the partition table. */
  readonly diskGuid: string
  /** Folders and files to graft, as `path in the ISO` → `path`. */
  readonly grafts: Readonly<Record<string, string>>
  /** Paths in the ISO; `bios` is missing where the architecture has no BIOS. */
  readonly efi: string
  readonly bios: { readonly image: string; readonly bootSector: string } | undefined
}

export function isoImageArguments(options: IsoImageOptions): [string, ...string[]] {
  const { bios } = options
  return [
    'xorriso',
    // It looks for the end of its writing at this interval, of otherwise one second. In seconds; 0.1 is the least.
    ...['-pacifier', 'interval=0.1'],
    ...['-as', 'mkisofs', '-quiet', '-r', '-J', '-joliet-long'],
    ...['-V', options.label, '-o', options.target],
    // Otherwise it waits for the disk after every 16 MiB.
    ...['--stdio_sync', 'off'],
    `--modification-date=${volumeDate(options.epoch)}`,
    ...['--set_all_file_dates', volumeDate(options.epoch)],
    ...['--gpt_disk_guid', options.diskGuid.replaceAll('-', '')],
    ...(bios
      ? [
          ...[
            '-b',
            bios.image,
            '-no-emul-boot',
            '-boot-load-size',
            '4',
            '-boot-info-table',
            '--grub2-boot-info',
          ],
          ...['--grub2-mbr', bios.bootSector],
        ]
      : []),
    // The same bytes are the El Torito image, a file of the ISO, and the EFI partition in the GPT.
    ...['--efi-boot', options.efi, '-efi-boot-part', '--efi-boot-image', '--protective-msdos-label'],
    ...(bios ? ['--mbr-force-bootable'] : []),
    '-graft-points',
    ...Object.entries(options.grafts).map(([inside, outside]) => `${inside}=${outside}`),
  ]
}

/** `YYYYMMDDhhmmsscc` in UTC, as ECMA-119 has it. */
export function volumeDate(epoch: number): string {
  const digits = new Date(epoch * 1000).toISOString().replaceAll(/\D/g, '')
  return `${digits.slice(0, 14)}00`
}
