import type { Payload } from '@kiln/contract'

/** A file of a payload that is put on the EFI partition: its UKI, or kernel and initramfs. */
export type BootFile = Payload['uki' | 'kernel' | 'initramfs']

/** The programs of the boot loader, from a payload: `systemd-boot.efi`, on amd64 `grub-boot.img` and `grub-core.img`. */
export interface LoaderFiles {
  /** Folder with the files that the card's `bootLoader` names. */
  readonly folder: string
  readonly card: Payload['bootLoader']
}

/** An entry that the boot loader has. */
export interface LoaderEntry {
  /** `kiln-<n>` or `kiln-recovery`. */
  readonly id: string
  readonly generation?: number
  /** That it starts, as far as the entry says. */
  readonly slot?: string
  /** Absent where nothing is counted: the entry is good, or recovery. */
  readonly triesLeft?: number
  readonly triesDone?: number
}

export interface GenerationEntry {
  readonly generation: number
  readonly slot: string
  readonly title: string
  /** For loaders that pass one; a UKI brings its own. */
  readonly cmdline: string
}

export type RecoveryEntry = Omit<GenerationEntry, 'generation'>

/**
 * What the lifecycle needs from a boot loader. Everything can be repeated after a power cut at any point, and until `arm`
 * is done the next boot is what it was. Errors: AgentError `boot-loader`, HostError.
 */
export interface BootLoader {
  readonly kind: 'systemd-boot' | 'grub' | 'both'
  entries(): readonly LoaderEntry[]
  /** Boot files of a slot that it needs, and that are not on the EFI partition or not as the payload has them. */
  lacks(slot: string, payload: Payload): readonly BootFile[]
  /**
   * Puts those that it lacks on the EFI partition, and reads them back against the digests of the payload.
   * @param folder where they lie, by the payload's names for them
   */
  stage(slot: string, payload: Payload, folder: string): void
  /** THE atomic write: from now on the next boot takes this generation, `tries` times, then falls back by itself. */
  arm(entry: GenerationEntry, tries: number): void
  /** This generation is good: it is taken from now on, and nothing is counted. */
  bless(generation: number): void
  /** The next boot only. */
  once(id: string): void
  /** Only after `stage` of its slot. */
  setRecovery(entry: RecoveryEntry): void
  removeEntry(generation: number): void
  /** Removes boot files of slots that are not among these. */
  prune(keep: readonly string[]): void
  /** The loader itself: the disk starts with the old version or the new one at any point; the old one is kept. */
  update(files: LoaderFiles): void
}

/** How often a new generation is tried before the loader falls back. */
export const triesOfNew = 3
