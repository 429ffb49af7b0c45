import {
  type Architecture,
  type BootEntry,
  type EntryName,
  entryBytes,
  entryFile,
  entryText,
  espPaths,
  loaderConfig,
  type Payload,
  parseEntryName,
  recoveryId,
  slotOfEntry,
  ukiPath,
} from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import type { Host } from '../host/host.ts'
import { exists, listIfThere, readIfThere } from '../host/tree.ts'
import type { BootLoader, GenerationEntry, LoaderEntry, LoaderFiles } from './boot-loader.ts'
import { replaceLoader } from './efi-loader.ts'
import { setOneShot } from './efi-variables.ts'
import { copyVerified, isWhole, removeIfThere, writeSector } from './esp-files.ts'

export interface SystemdBootOptions {
  /** Where the EFI partition is mounted; writable but for `entries` and `once`. */
  readonly esp: string
  readonly arch: Architecture
}

/** systemd-boot on UEFI: one entry for each generation; it counts tries in the names of their files. */
export function systemdBoot(host: Host, { esp, arch }: SystemdBootOptions): BootLoader {
  const at = (path: string) => `${esp}/${path}`
  const files = () => entryFiles(host, at(espPaths.entries))
  const filesOf = (generation: number | undefined) =>
    files().filter(
      (file) => (file.id === recoveryId) === (generation === undefined) && file.generation === generation,
    )

  const requireUki = (slot: string) => {
    if (!exists(host, at(ukiPath(slot)))) {
      throw new AgentError('boot-loader', `${at(ukiPath(slot))} is not there, so no entry can start it.`)
    }
  }
  const put = (entry: BootEntry, tries?: number) => {
    requireUki(entry.slot)
    writeSector(host, at(`${espPaths.entries}/${entryFile(entry.generation, tries)}`), entryText(entry))
  }

  return {
    kind: 'systemd-boot',
    entries: () => uncountedFirst(files()).filter(isFirstOfId).map(toLoaderEntry),
    lacks: (slot: string, { uki }: Payload) => (isWhole(host, at(ukiPath(slot)), uki.digest) ? [] : [uki]),
    stage: (slot: string, { uki }: Payload, folder: string) =>
      copyVerified(host, `${folder}/${uki.file}`, at(ukiPath(slot)), uki.digest),
    arm: ({ generation, slot, title }: GenerationEntry, tries: number) => {
      const started = filesOf(generation).some((file) => file.slot === slot)
      if (!started) put({ generation, slot, title }, tries)
    },
    bless: (generation: number) => {
      const [first, ...others] = uncountedFirst(filesOf(generation))
      if (!first) throw new AgentError('boot-loader', `There is no entry for generation ${generation}.`)
      const good = entryFile(generation)
      if (first.file !== good) writeSector(host, at(`${espPaths.entries}/${good}`), first.text)
      for (const { file } of [first, ...others]) {
        if (file !== good) removeIfThere(host, at(`${espPaths.entries}/${file}`))
      }
    },
    once: (id: string) => {
      const entry = uncountedFirst(files()).find((file) => file.id === id)
      if (!entry) throw new AgentError('boot-loader', `There is no entry ${id}.`)
      // The loader compares with the whole name, counters included.
      setOneShot(host, entry.file)
    },
    setRecovery: ({ slot, title }) => put({ slot, title }),
    removeEntry: (generation: number) => {
      for (const { file } of filesOf(generation)) removeIfThere(host, at(`${espPaths.entries}/${file}`))
    },
    prune: (keep: readonly string[]) => {
      const named = files().map(({ slot }) => slot)
      for (const file of listIfThere(host, at(espPaths.images))) {
        const slot = file.match(/^([0-9a-f]{64})\.efi$/)?.[1]
        if (slot === undefined || keep.includes(slot) || named.includes(slot)) continue
        removeIfThere(host, at(`${espPaths.images}/${file}`))
      }
    },
    update: (loader: LoaderFiles) => {
      writeSector(host, at(espPaths.loaderConfig), loaderConfig.padEnd(entryBytes, '\n'))
      replaceLoader(host, esp, arch, loader)
    },
  }
}

interface EntryFile extends EntryName {
  readonly file: string
  readonly slot: string
  readonly text: string
}

/** Files that start something of Kiln's. One that was created and not filled yet is none. */
function entryFiles(host: Host, folder: string): EntryFile[] {
  return listIfThere(host, folder).flatMap((file) => {
    const name = file.endsWith('.conf') ? parseEntryName(file) : undefined
    const text = name && readIfThere(host, `${folder}/${file}`)
    const slot = text && slotOfEntry(text)
    return name && text && slot ? [{ ...name, file, slot, text }] : []
  })
}

/** After a power cut an entry may be there twice, with and without a counter: it was being blessed. */
function uncountedFirst(files: readonly EntryFile[]): EntryFile[] {
  return files.toSorted((a, b) => Number(a.triesLeft !== undefined) - Number(b.triesLeft !== undefined))
}

function isFirstOfId({ id }: EntryFile, index: number, files: readonly EntryFile[]): boolean {
  return files.findIndex((other) => other.id === id) === index
}

function toLoaderEntry({ file: _file, text: _text, ...entry }: EntryFile): LoaderEntry {
  return entry
}
