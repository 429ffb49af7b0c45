import { grubPaths, grubSlotPath, type Payload, payloadCard, ukiPath } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { listIfThere, statIfThere } from '../host/tree.ts'
import { withEsp } from '../lifecycle/esp.ts'
import type { Node } from '../lifecycle/node.ts'
import { partitionOf } from '../lifecycle/node-disk.ts'
import { openLoader } from '../lifecycle/open-loader.ts'
import { filesOfSlot } from '../lifecycle/slots.ts'
import type { UpgradeFacts } from './preflight.ts'
import type { SlotBytes } from './space.ts'

type Measured = Pick<UpgradeFacts, 'entries' | 'slots' | 'whole' | 'needed' | 'available'>

/** Files take whole blocks, of 4 KiB on both file systems at most; folders and records a few more. */
const blockBytes = 4096
const spareBytes = 1024 * 1024

/**
 * Sizes of slots, and what is free, on COS_STATE and on the EFI partition.
 * @param isThere the whole payload lies in its slot already
 */
export function measure(node: Node, payload: Payload, isThere: boolean): Measured {
  const { host, disk } = node
  const slot = payload.root.rootHash
  const folder = `${disk.state}/slots`
  const part = `.part-${slot}`
  const efi = withEsp(host, partitionOf(disk, 'efi'), 'read', (esp) => measureEfi(host, esp, payload))
  const names = listIfThere(host, folder)
  const sizes = names
    .filter((name) => name !== part)
    .map(
      (name) =>
        [name, { state: folderBytes(host, `${folder}/${name}`), efi: efi.slots.get(name) ?? 0 }] as const,
    )
  const files = [...filesOfSlot(payload), { file: payloadCard, size: blockBytes }]
  const state = files.reduce((sum, { size }) => sum + inBlocks(size), 0)
  const fetched = files.reduce(
    (sum, { file, size }) => sum + fetchedBytes(host, `${folder}/${part}/${file}`, size),
    0,
  )
  return {
    entries: efi.entries,
    slots: new Map(sizes),
    whole: { state, efi: efi.whole },
    needed: {
      state: isThere ? 0 : state - fetched + spareBytes,
      efi: efi.whole === efi.staged ? 0 : efi.whole - efi.staged + spareBytes,
    },
    available: { state: host.statfs(disk.state).available, efi: efi.available },
  }
}

interface MeasuredEfi {
  readonly entries: Measured['entries']
  readonly available: number
  /** Boot files of a slot. */
  readonly slots: ReadonlyMap<string, SlotBytes['efi']>
  /** What the new slot's take, and how much of that is there. */
  readonly whole: number
  readonly staged: number
}

function measureEfi(host: Host, esp: string, payload: Payload): MeasuredEfi {
  // Nothing of a loader's own files is asked for, so the architecture does not matter.
  const loader = openLoader(host, { esp, arch: 'amd64' })
  const slot = payload.root.rootHash
  const { uki, kernel, initramfs } = payload
  const files = [
    ...(loader.kind === 'grub' ? [] : [{ path: `${esp}/${ukiPath(slot)}`, size: uki.size }]),
    ...(loader.kind === 'systemd-boot'
      ? []
      : [kernel, initramfs].map(({ file, size }) => ({
          path: `${esp}/${grubSlotPath(slot)}/${file}`,
          size,
        }))),
  ]
  const staged = files.filter(({ path, size }) => statIfThere(host, path)?.size === size)
  const bytes = (list: typeof files) => list.reduce((sum, { size }) => sum + inBlocks(size), 0)
  return {
    entries: loader.entries(),
    available: host.statfs(esp).available,
    slots: stagedSlots(host, esp),
    whole: bytes(files),
    staged: bytes(staged),
  }
}

function stagedSlots(host: Host, esp: string): ReadonlyMap<string, number> {
  const ukis = listIfThere(host, `${esp}/EFI/kiln`).flatMap((name) => {
    const slot = name.match(/^([0-9a-f]{64})\.efi$/)?.[1]
    return slot === undefined ? [] : [slot]
  })
  const folders = listIfThere(host, `${esp}/${grubPaths.folder}`).filter((name) =>
    /^[0-9a-f]{64}$/.test(name),
  )
  const bytes = (slot: string) =>
    inBlocks(statIfThere(host, `${esp}/${ukiPath(slot)}`)?.size ?? 0) +
    folderBytes(host, `${esp}/${grubSlotPath(slot)}`)
  return new Map([...new Set([...ukis, ...folders])].map((slot) => [slot, bytes(slot)]))
}

export function folderBytes(host: Host, folder: string): number {
  const sizes = listIfThere(host, folder).map((name) =>
    inBlocks(statIfThere(host, `${folder}/${name}`)?.size ?? 0),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Of a file in an unfinished slot: whole, or under the name that it has while it grows. */
function fetchedBytes(host: Host, path: string, size: number): number {
  const found = statIfThere(host, path)?.size ?? statIfThere(host, `${path}.partial`)?.size ?? 0
  return inBlocks(Math.min(found, size))
}

function inBlocks(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes
}
