import { memoryRootWord, splitCommandLine } from '@kiln/contract'

/** Scripts for iPXE (https://ipxe.org/scripting). Pure. */
export interface BootFiles {
  readonly kernel: string
  readonly initramfs: string
  /** A cpio archive with the root image. */
  readonly root: string
}

/** Asks again, saying who it is: firmware starts this without knowing more. */
export function introduceScript(base: string): string {
  const said = (variable: string) => `\${${variable}}`
  const words = `mac=${said('net0/mac')}&uuid=${said('uuid')}&serial=${said('serial:uristring')}`
  return `#!ipxe\nchain --replace ${base}/netboot/machine.ipxe?${words}\n`
}

/**
 * Loads and starts a system whose root comes along. Names of the archives are for UEFI, where the kernel asks for them; on BIOS
 * iPXE hands all of them over.
 */
export function bootScript(files: BootFiles, cmdline: string, more: readonly string[]): string {
  const words = [...splitCommandLine(cmdline), memoryRootWord, ...more].map(quoted)
  return [
    '#!ipxe',
    `kernel --name kernel ${files.kernel} initrd=initramfs initrd=root ${words.join(' ')}`,
    `initrd --name initramfs ${files.initramfs}`,
    `initrd --name root ${files.root}`,
    'boot kernel',
    '',
  ].join('\n')
}

/** Blanks are protected for the kernel. */
function quoted(word: string): string {
  return /\s/.test(word) ? word.replace(/=(.*)$/s, '="$1"') : word
}

/** The machine goes on with its own disk. */
export const localScript = '#!ipxe\nsanboot --no-describe --drive 0x80 || exit\n'

/** Says why nothing is started, and lets the firmware try what comes next. */
export function refuseScript(reason: string): string {
  return `#!ipxe\necho kiln: ${reason.replaceAll(/[^\w .,:-]/g, ' ')}\nsleep 5\nexit 1\n`
}
