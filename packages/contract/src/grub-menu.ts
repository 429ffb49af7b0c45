import { entryBytes, entryId, recoveryId } from './boot-entries.ts'
import { splitCommandLine } from './cmdline.ts'
import { crc32Text } from './crc32.ts'

/**
 * GRUB's side of a BIOS disk, on the EFI partition (FAT: GRUB reads no journal). `kiln/grub/grub.cfg` is one sector that
 * leads to the menu; the menu is static and reads what to do from `kiln/grub/grubenv`; each generation has a file of its own.
 */
export const grubPaths = {
  folder: 'kiln',
  config: 'kiln/grub/grub.cfg',
  environment: 'kiln/grub/grubenv',
} as const

export function grubMenuPath(menu: string): string {
  return `kiln/grub/menu-${crc32Text(menu)}.cfg`
}

/** Folder with `kernel` and `initramfs` of a slot. */
export function grubSlotPath(slot: string): string {
  return `${grubPaths.folder}/${slot}`
}

export function grubGenerationPath(generation: number): string {
  return `${grubPaths.folder}/gen-${generation}.cfg`
}

/** The recovery entry is replaced by a file of another name, and one variable. */
export function grubRecoveryPath(name: string): string {
  return `${grubPaths.folder}/rec-${name}.cfg`
}

/** One sector, so that a new menu is switched to by one write. */
export function grubConfig(menu: string): string {
  return `configfile /${grubMenuPath(menu)}\n`.padEnd(entryBytes, '\n')
}

/**
 * The menu. GRUB counts down before it starts a generation on trial, and does not start it where that cannot be noted: then
 * the good one comes, and recovery in the end. The modules it needs are those of grub-images.ts in the factory.
 */
export const installedGrubMenu = `# Kiln: started from what grubenv says; see docs/node.md.
set kiln_env=$prefix/grubenv
if serial --unit=0 --speed=115200; then
  terminal_input console serial
  terminal_output console serial
fi

function kiln_count {
  if [ "$1" != "$trial" ]; then return 0; fi
  if [ "$tries" = 3 ]; then set tries=2
  elif [ "$tries" = 2 ]; then set tries=1
  elif [ "$tries" = 1 ]; then set tries=0
  else return 0
  fi
  save_env --file $kiln_env tries
}

load_env --file $kiln_env good trial tries once recovery list
set timeout=3
set default=${recoveryId}
set fallback=0
if [ -n "$good" ]; then
  set default=kiln-$good
  set fallback=1
fi
if [ -n "$trial" -a ( "$tries" = 3 -o "$tries" = 2 -o "$tries" = 1 ) ]; then
  set default=kiln-$trial
  set fallback="0 1"
fi
if [ -n "$once" ]; then
  set kiln_once=$once
  set once=
  if save_env --file $kiln_env once; then
    set default=$kiln_once
    set fallback="0 1"
  fi
fi

# The good one and recovery come first: a fallback can only be told by its place.
if [ -n "$good" ]; then
  source /kiln/gen-$good.cfg
fi
if [ -n "$recovery" ]; then
  source /kiln/rec-$recovery.cfg
fi
for kiln_number in $list; do
  if [ "$kiln_number" != "$good" ]; then
    source /kiln/gen-$kiln_number.cfg
  fi
done
`

export interface GrubEntry {
  /** Undefined for recovery. */
  readonly generation?: number | undefined
  readonly slot: string
  readonly title: string
  readonly cmdline: string
}

/** The file of a generation or of recovery. */
export function grubEntryText({ generation, slot, title, cmdline }: GrubEntry): string {
  const id = generation === undefined ? recoveryId : entryId(generation)
  const words = splitCommandLine(cmdline).map(grubWord).join(' ')
  const folder = `/${grubSlotPath(slot)}`
  return `menuentry ${quoted(title.replace(/\s+/g, ' '))} --id ${id} {
  if kiln_count ${generation ?? recoveryId}; then
    linux ${folder}/kernel ${words} kiln.entry=${id}
    initrd ${folder}/initramfs
  fi
}
`
}

/** Quotes for GRUB's own shell, which knows single quotes as in sh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/**
 * A word with blanks needs its double quotes again for the kernel; GRUB's `linux` puts backslashes into what it quotes
 * itself, so they are part of the word.
 */
function grubWord(word: string): string {
  return /^[\w=:.,/@%+-]+$/.test(word) ? word : quoted(word)
}
