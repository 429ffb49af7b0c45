import { Payload } from '@kiln/contract'
import * as z from 'zod/mini'
import { AgentError } from '../agent-error.ts'
import { parentOf } from '../host/durable.ts'
import { type Host, hasErrno } from '../host/host.ts'
import { exists, listIfThere, readIfThere, statIfThere } from '../host/tree.ts'
import { digestFromDisk } from './read-back.ts'

/**
 * Slots lie in `slots/<root hash>/` on COS_STATE, each with a payload's files byte for byte, but for those that firmware and
 * loader read: these are on the EFI partition, and nowhere else. Never modified.
 */
const slotsFolder = 'slots'
const unfinished = '.part-'

/** Where a slot comes from; every payload source is one. */
export interface SlotSource {
  describe(): { readonly payload: Payload; readonly digest: string }
  /** Puts a file of the payload at a path, going on with a partial one; its digest is checked before it returns. */
  fetch(file: string, target: string, progress: (done: number, total: number) => void): void
}

export interface StageOptions {
  /** Slots that must not be touched: `keepable` of the record. */
  readonly inUse: readonly string[]
  readonly progress?: (file: string, done: number, total: number) => void
}

/** @param state folder where COS_STATE is mounted */
export function slotFolder(state: string, slot: string): string {
  return `${state}/${slotsFolder}/${slot}`
}

/** Root hashes of the slots that are whole, sorted. */
export function listSlots(host: Pick<Host, 'list'>, state: string): string[] {
  return listIfThere(host, `${state}/${slotsFolder}`).filter((name) => /^[0-9a-f]{64}$/.test(name))
}

/** @throws AgentError slot-damaged */
export function readSlotPayload(host: Pick<Host, 'readText'>, state: string, slot: string): Payload {
  const path = `${slotFolder(state, slot)}/payload.json`
  const text = readIfThere(host, path)
  if (text === undefined) throw new AgentError('slot-damaged', `${path} is missing.`)
  try {
    return z.parse(Payload, JSON.parse(text))
  } catch (error) {
    throw new AgentError('slot-damaged', `${path}: ${String(error)}`, error)
  }
}

/** The files that a slot has beside payload.json. */
export function filesOfSlot(
  payload: Payload,
): { readonly file: string; readonly digest: string; readonly size: number }[] {
  const { root, packages, bootLoader } = payload
  return [root, packages, ...bootLoader.files]
}

/** Reads a slot against its payload.json. @throws AgentError slot-damaged, naming the file */
export function verifySlot(host: Host, state: string, slot: string): Payload {
  const payload = readSlotPayload(host, state, slot)
  for (const { file, digest } of filesOfSlot(payload)) {
    const path = `${slotFolder(state, slot)}/${file}`
    if (!exists(host, path)) throw new AgentError('slot-damaged', `${path} is missing.`)
    if (digestFromDisk(host, path) !== digest) throw new AgentError('slot-damaged', `${path} was changed.`)
  }
  return payload
}

/**
 * Writes a payload into its slot: into a folder of another name first, which gets the slot's name when every file is on
 * the disk and was read back. Can be repeated; goes on with what is there.
 * @param state folder where COS_STATE is mounted, writable
 * @returns the slot
 * @throws AgentError slot-conflict, slot-damaged; what the source throws; HostError ENOSPC
 */
export function stageSlot(host: Host, state: string, source: SlotSource, options: StageOptions): string {
  const { payload, digest } = source.describe()
  const slot = payload.root.rootHash
  const folder = slotFolder(state, slot)
  if (exists(host, folder) && isReady(host, state, slot, digest, options)) return slot
  const part = slotFolder(state, `${unfinished}${slot}`)
  host.mkdir(part, { recursive: true })
  removeStrangers(host, part, payload)
  const files = [...filesOfSlot(payload), { file: 'payload.json', digest, size: 0 }]
  for (const { file, digest } of files) {
    const target = `${part}/${file}`
    if (exists(host, target) && digestFromDisk(host, target) === digest) continue
    source.fetch(file, target, (done, total) => options.progress?.(file, done, total))
    host.flush(target)
    if (digestFromDisk(host, target) !== digest) {
      host.remove(target)
      throw new AgentError('slot-damaged', `${target} cannot be read back as it was written.`)
    }
  }
  host.flush(part)
  host.rename(part, folder)
  host.flush(parentOf(folder))
  return slot
}

/** A slot that is there: the same one and whole, or one that nobody uses, which makes room. */
function isReady(host: Host, state: string, slot: string, digest: string, { inUse }: StageOptions): boolean {
  const folder = slotFolder(state, slot)
  const card = `${folder}/payload.json`
  const same = exists(host, card) && digestFromDisk(host, card) === digest
  try {
    if (same) verifySlot(host, state, slot)
    if (same) return true
  } catch (error) {
    if (inUse.includes(slot) || !(error instanceof AgentError)) throw error
  }
  if (inUse.includes(slot)) throw new AgentError('slot-conflict', `${folder} belongs to another build.`)
  host.remove(folder, { recursive: true })
  host.flush(parentOf(folder))
  return false
}

/** What another payload of the same name left, or a tool's own partial files of one that is no longer wanted. */
function removeStrangers(host: Host, part: string, payload: Payload): void {
  const known = [...filesOfSlot(payload).map(({ file }) => file), 'payload.json']
  for (const name of host.list(part)) {
    if (!known.some((file) => name.startsWith(file))) host.remove(`${part}/${name}`, { recursive: true })
  }
}

/**
 * Removes slots and unfinished ones that are not to be kept. A slot loses its name first: half a slot never looks whole.
 * @param state folder where COS_STATE is mounted, writable
 * @returns bytes that became free, as files' sizes
 */
export function pruneSlots(host: Host, state: string, keep: readonly string[]): number {
  const root = `${state}/${slotsFolder}`
  let freed = 0
  for (const name of listIfThere(host, root)) {
    if (keep.includes(name) || keep.includes(name.replace(unfinished, ''))) continue
    const doomed = name.startsWith(unfinished) ? name : `${unfinished}${name}`
    if (doomed !== name) {
      host.remove(`${root}/${doomed}`, { recursive: true })
      host.rename(`${root}/${name}`, `${root}/${doomed}`)
      host.flush(root)
    }
    freed += sizeOf(host, `${root}/${doomed}`)
    host.remove(`${root}/${doomed}`, { recursive: true })
  }
  return freed
}

function sizeOf(host: Host, folder: string): number {
  const sizes = listIfThere(host, folder).map((name) => statIfThere(host, `${folder}/${name}`)?.size ?? 0)
  return sizes.reduce((sum, size) => sum + size, 0)
}

/**
 * COS_STATE is mounted read-only but for the time of an action.
 * @param state where it is mounted
 */
export function withStateWritable<T>(host: Host, state: string, action: () => T): T {
  try {
    host.mount({ source: 'none', target: state, flags: ['remount'] })
  } catch (error) {
    if (!hasErrno(error, 'EACCES', 'EROFS')) throw error
    throw new AgentError('disk-read-only', `${state} cannot be made writable.`, error)
  }
  try {
    return action()
  } finally {
    host.sync()
    host.mount({ source: 'none', target: state, flags: ['remount', 'ro'] })
  }
}
