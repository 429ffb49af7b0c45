import { utf8Bytes } from './crc32.ts'

/**
 * Boot entries of systemd-boot on the EFI partition, type 1 of the Boot Loader Specification. An entry is exactly one
 * sector: a power cut during its only write leaves the old text or the new one, which FAT alone does not give.
 */
export const espPaths = {
  entries: 'loader/entries',
  loaderConfig: 'loader/loader.conf',
  /** UKIs, one for each slot; and what is kept of older boot loaders. */
  images: 'EFI/kiln',
  /** Where firmware looks for a loader on any disk. */
  loaders: 'EFI/BOOT',
} as const

/** Of the least sector that a disk has. */
export const entryBytes = 512

export const recoveryId = 'kiln-recovery'

export function entryId(generation: number): string {
  return `kiln-${generation}`
}

export function ukiPath(slot: string): string {
  return `${espPaths.images}/${slot}.efi`
}

/** No `default`: the order of the entries and their counters decide. */
export const loaderConfig = `timeout 3
console-mode keep
editor no
reboot-on-error yes
`

export interface BootEntry {
  /** Undefined for recovery. */
  readonly generation?: number | undefined
  readonly slot: string
  readonly title: string
}

/** Name of an entry's file. systemd-boot counts tries in it: `kiln-5+3.conf`, then `kiln-5+2-1.conf`, up to `+0-3`. */
export function entryFile(generation: number | undefined, tries?: number): string {
  const id = generation === undefined ? recoveryId : entryId(generation)
  return tries === undefined ? `${id}.conf` : `${id}+${tries}.conf`
}

/**
 * The text of an entry, filled up to one sector. The newest generation comes first, recovery after all of them, entries
 * without tries left last of all. The UKI is named by `linux`: what is named by `efi` is not counted from version 258 on.
 */
export function entryText({ generation, slot, title }: BootEntry): string {
  const lines = [
    `title ${oneLine(title)}`,
    `sort-key ${generation === undefined ? recoveryId : 'kiln'}`,
    `version ${String(generation ?? 0).padStart(8, '0')}`,
    `linux /${ukiPath(slot)}`,
    '',
  ]
  return fillSector(lines.join('\n'))
}

/** What stands in an entry's place until its one write: a file without a program to start is no entry. */
export function emptyEntryText(): string {
  return fillSector('')
}

export interface EntryName {
  /** Without counters. */
  readonly id: string
  readonly generation?: number
  readonly triesLeft?: number
  readonly triesDone?: number
}

/**
 * What the name of an entry says, also as it stands in LoaderEntrySelected: with or without `.conf`, in any case of letters.
 * @returns undefined for entries that are not Kiln's
 */
export function parseEntryName(name: string): EntryName | undefined {
  const match = name.toLowerCase().match(/^kiln-(recovery|[1-9]\d*)(?:\+(\d+)(?:-(\d+))?)?(?:\.conf)?$/)
  if (!match) return undefined
  const [, which = '', left, done] = match
  return {
    id: `kiln-${which}`,
    ...(which === 'recovery' ? {} : { generation: Number(which) }),
    ...(left === undefined ? {} : { triesLeft: Number(left), triesDone: Number(done ?? 0) }),
  }
}

/** The slot that an entry's text starts; undefined where it starts nothing of Kiln's. */
export function slotOfEntry(text: string): string | undefined {
  return text.match(/^linux \/EFI\/kiln\/([0-9a-f]{64})\.efi$/m)?.[1]
}

/** Empty lines mean nothing to a loader. */
function fillSector(text: string): string {
  const missing = entryBytes - utf8Bytes(text).length
  if (missing < 0) throw new RangeError('a boot entry is larger than one sector')
  return text + '\n'.repeat(missing)
}

/** So short that an entry fits in any case: a character has at most four bytes. */
function oneLine(title: string): string {
  return title.replace(/\s+/g, ' ').trim().slice(0, 60)
}
