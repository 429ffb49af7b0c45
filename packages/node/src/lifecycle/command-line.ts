import { type Payload, parseGrubEnv } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'

/** What install.grub_options said, on COS_OEM; the field's file, in the format of GRUB's environment. */
const optionsFile = '/oem/grubenv'

/** Words for the command line of the kernel, by the field's names: for all entries, and for one kind of them. */
export const wordOptions = {
  all: 'extra_cmdline',
  active: 'extra_active_cmdline',
  recovery: 'extra_recovery_cmdline',
} as const

export type GrubOptions = Readonly<Record<string, string>>

/** The options of this node; none where there is no file, or another one. */
export function readGrubOptions(host: Pick<Host, 'readText'>): GrubOptions {
  return parseGrubEnv(readIfThere(host, optionsFile) ?? '') ?? {}
}

/** The command line of an entry, for a boot loader that passes one. */
export function commandLineOf(
  { cmdline }: Pick<Payload, 'cmdline'>,
  options: GrubOptions,
  role: 'active' | 'recovery',
): string {
  return [cmdline, options[wordOptions.all], options[wordOptions[role]]]
    .map((words) => words?.trim())
    .filter(Boolean)
    .join(' ')
}
