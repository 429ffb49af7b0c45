import type { MenuEntry } from './menu.ts'

/** grub.cfg of the live medium, for BIOS. Titles and words come from the definition, so they are quoted. */
export function grubMenu(entries: readonly MenuEntry[], kernel: string, initramfs: string): string {
  const blocks = entries.map(({ title, words }) =>
    [
      `menuentry ${quoted(title)} {`,
      `  linux ${kernel} ${words.map(grubWord).join(' ')}`,
      `  initrd ${initramfs}`,
      '}',
    ].join('\n'),
  )
  return [
    'serial --unit=0 --speed=115200',
    'terminal_input console serial',
    'terminal_output console serial',
    'set default=0',
    'set timeout=3',
    '',
    ...blocks,
    '',
  ].join('\n')
}

/** Single quotes protect everything from GRUB's shell but themselves. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function grubWord(word: string): string {
  return /^[\w=:.,/@%+-]+$/.test(word) ? word : quoted(word)
}
