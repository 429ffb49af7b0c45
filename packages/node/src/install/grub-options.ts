import { type GrubOptions, wordOptions } from '../lifecycle/command-line.ts'

/** What of install.grub_options will not do what it says. As sentences. */
export function optionWarnings(options: GrubOptions, firmware: 'uefi' | 'bios' | 'hybrid'): string[] {
  const used: readonly string[] = Object.values(wordOptions)
  return Object.keys(options).flatMap((name) => {
    if (!used.includes(name))
      return [`install.grub_options.${name} is kept in /oem/grubenv and has no effect`]
    if (firmware === 'bios') return []
    const where = firmware === 'uefi' ? 'has no effect' : 'has an effect only when started by BIOS'
    return [`install.grub_options.${name} ${where}: under UEFI the command line is part of the signed image`]
  })
}
