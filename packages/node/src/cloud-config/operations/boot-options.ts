import { addGrubOptions } from '../../lifecycle/command-line.ts'
import { hasEfi } from '../../lifecycle/efi-variables.ts'
import type { Actor } from './actor.ts'
import type { OperationOf } from './operation.ts'

/** Keeps options for the boot loader; entries that are there already stay as they are. */
export function setBootOptions({ values }: OperationOf<'boot-options'>, { host, warn }: Actor): void {
  if (!addGrubOptions(host, values)) return
  warn(
    hasEfi(host)
      ? 'grub_options have no effect under UEFI: the command line is part of the signed image'
      : 'grub_options act from the next generation on, that is after an upgrade',
  )
}
