import {
  crc32Text,
  entryId,
  type GrubState,
  grubEntryText,
  grubGenerationPath,
  grubPaths,
  grubRecoveryPath,
  grubSlotPath,
  type Payload,
  recoveryId,
} from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import type { Host } from '../host/host.ts'
import { exists, listIfThere, readIfThere } from '../host/tree.ts'
import {
  type BootLoader,
  type GenerationEntry,
  type LoaderEntry,
  type LoaderFiles,
  type RecoveryEntry,
  triesOfNew,
} from './boot-loader.ts'
import { copyVerified, isWhole, removeIfThere, writePlain } from './esp-files.ts'
import { readGrubState, writeGrubState } from './grub-files.ts'
import { type GrubDisk, updateGrub } from './grub-update.ts'

export interface GrubOptions {
  /** Where the EFI partition is mounted; writable but for `entries`. */
  readonly esp: string
  /** Only `update` needs it. */
  readonly disk?: GrubDisk
}

/** GRUB on BIOS: what it does next is in its environment block; each generation has a file with its entry. */
export function grub(host: Host, { esp, disk }: GrubOptions): BootLoader {
  const at = (path: string) => `${esp}/${path}`
  const read = () => readGrubState(host, esp)
  const write = (state: GrubState) => writeGrubState(host, esp, state)
  const filesOf = (slot: string, { kernel, initramfs }: Payload) => [
    { path: at(`${grubSlotPath(slot)}/kernel`), file: kernel },
    { path: at(`${grubSlotPath(slot)}/initramfs`), file: initramfs },
  ]
  const requireKernel = (slot: string) => {
    const folder = at(grubSlotPath(slot))
    if (exists(host, `${folder}/kernel`) && exists(host, `${folder}/initramfs`)) return
    throw new AgentError('boot-loader', `${folder} has no kernel or initramfs, so no entry can start it.`)
  }

  return {
    kind: 'grub',
    entries: () => entriesOf(read()).map((entry) => withSlot(host, esp, entry, read().recovery)),
    lacks: (slot: string, payload: Payload) =>
      filesOf(slot, payload).flatMap(({ path, file }) => (isWhole(host, path, file.digest) ? [] : [file])),
    stage: (slot: string, payload: Payload, folder: string) => {
      for (const { path, file } of filesOf(slot, payload)) {
        copyVerified(host, `${folder}/${file.file}`, path, file.digest)
      }
    },
    arm: (entry: GenerationEntry, tries: number) => {
      const { generation, slot } = entry
      requireKernel(slot)
      const state = read()
      if (state.trial === generation || state.good === generation) return
      writePlain(host, at(grubGenerationPath(generation)), grubEntryText(entry))
      write({
        ...state,
        trial: generation,
        tries: Math.min(tries, triesOfNew),
        list: listed(state, generation),
      })
    },
    bless: (generation: number) => {
      if (!exists(host, at(grubGenerationPath(generation)))) {
        throw new AgentError('boot-loader', `There is no entry for generation ${generation}.`)
      }
      const state = read()
      const decided = state.trial === generation ? { trial: undefined, tries: undefined } : {}
      write({ ...state, ...decided, good: generation, list: listed(state, generation) })
    },
    once: (id: string) => {
      const state = read()
      if (!entriesOf(state).some((entry) => entry.id === id)) {
        throw new AgentError('boot-loader', `There is no entry ${id}.`)
      }
      write({ ...state, once: id })
    },
    setRecovery: (entry: RecoveryEntry) => {
      requireKernel(entry.slot)
      const text = grubEntryText(entry)
      const name = crc32Text(text)
      writePlain(host, at(grubRecoveryPath(name)), text)
      write({ ...read(), recovery: name })
    },
    removeEntry: (generation: number) => {
      const state = read()
      if (state.good === generation) {
        throw new AgentError(
          'boot-loader',
          `Generation ${generation} is the one that the machine starts from.`,
        )
      }
      const decided = state.trial === generation ? { trial: undefined, tries: undefined } : {}
      write({ ...state, ...decided, list: state.list.filter((number) => number !== generation) })
      removeIfThere(host, at(grubGenerationPath(generation)))
    },
    prune: (keep: readonly string[]) => prune(host, esp, keep, read()),
    update: (files: LoaderFiles) => {
      if (!disk) throw new AgentError('boot-loader', 'It is not known which disk GRUB is on.')
      updateGrub(host, esp, disk, files)
      // A new disk has no block yet; an old one's is left as it is.
      write(read())
    },
  }
}

function listed({ list }: GrubState, generation: number): number[] {
  return [...new Set([generation, ...list])].toSorted((a, b) => b - a)
}

function entriesOf({ list, trial, tries, recovery }: GrubState): LoaderEntry[] {
  const generations = list.map((generation) => ({
    id: entryId(generation),
    generation,
    ...(generation === trial && tries !== undefined
      ? { triesLeft: tries, triesDone: Math.max(0, triesOfNew - tries) }
      : {}),
  }))
  return recovery === undefined ? generations : [...generations, { id: recoveryId }]
}

function withSlot(host: Host, esp: string, entry: LoaderEntry, recovery = ''): LoaderEntry {
  const { generation } = entry
  const path = generation === undefined ? grubRecoveryPath(recovery) : grubGenerationPath(generation)
  const slot = readIfThere(host, `${esp}/${path}`)?.match(/\/kiln\/([0-9a-f]{64})\/kernel /)?.[1]
  return slot === undefined ? entry : { ...entry, slot }
}

function prune(host: Host, esp: string, keep: readonly string[], { list, recovery }: GrubState): void {
  const folder = `${esp}/${grubPaths.folder}`
  const used = [
    ...list.map((generation) => grubGenerationPath(generation)),
    ...(recovery === undefined ? [] : [grubRecoveryPath(recovery)]),
  ].map((path) => `${esp}/${path}`)
  const texts = used.map((path) => readIfThere(host, path) ?? '').join('\n')
  for (const name of listIfThere(host, folder)) {
    const path = `${folder}/${name}`
    const isStray = /^(gen|rec)-.*\.cfg$/.test(name) && !used.includes(path)
    const isUnused = /^[0-9a-f]{64}$/.test(name) && !keep.includes(name) && !texts.includes(name)
    if (isStray || isUnused) removeIfThere(host, path)
  }
}
