import type { BootParameters, Layout } from '@kiln/contract'
import { labels, liveMedium, memoryRoot, stateFolder } from '@kiln/contract'
import type { MountRequest } from '../host/host.ts'
import { BootFailure } from './failure.ts'
import { paths, rootImageName } from './paths.ts'
import type { FileSystem } from './probe.ts'

/** One thing to do, as plain data. `execute.ts` has one function for each kind. */
export type Step =
  | { readonly kind: 'loadModules'; readonly names: readonly string[] }
  /** Waits for the device that carries the root and mounts it, read-only. */
  | {
      readonly kind: 'mountMedium'
      readonly label: string
      readonly types: readonly FileSystem['type'][]
      readonly target: string
      readonly timeoutMs: number
      /** Only on the disk that the boot loader was started from, where it says which one that was. */
      readonly onLoaderDisk: boolean
    }
  /** What the firmware knows of this boot: the entry, and the partition of the boot loader. */
  | { readonly kind: 'readFirmware' }
  /** Which generation runs, by the record on COS_STATE. */
  | { readonly kind: 'identify'; readonly slot: string }
  /** The checked root has a first program. */
  | { readonly kind: 'checkInit' }
  /** Sets up dm-verity on the root image. */
  | {
      readonly kind: 'openRoot'
      readonly image: string
      readonly rootHash: string
      readonly hashOffset: number
    }
  /** Reads the whole root once, so that damage is found now and not by a program in an hour. */
  | { readonly kind: 'readThrough'; readonly bytes: number }
  | { readonly kind: 'mountRoot' }
  | { readonly kind: 'sentinel'; readonly name: `${BootMode}_mode` }
  | { readonly kind: 'mount'; readonly request: MountRequest }
  | { readonly kind: 'unmount'; readonly path: string; readonly lazy: boolean }
  /** Overlay with its upper layer in memory. */
  | { readonly kind: 'overlay'; readonly path: string; readonly upper: string; readonly work: string }
  /** Fills the empty store from the image. The marker is made last, so an interrupted filling is redone. */
  | { readonly kind: 'fillStore'; readonly path: string; readonly marker: string }
  /** Copies a path of the image to the store where the store has none yet. */
  | { readonly kind: 'seed'; readonly path: string; readonly target: string }
  | { readonly kind: 'bind'; readonly source: string; readonly path: string }
  | { readonly kind: 'stage'; readonly stage: 'rootfs' | 'initramfs' }

/** As the field has them. active: the newest generation; passive: an older one. */
export type BootMode = 'live' | 'active' | 'passive' | 'recovery'

/** A device that is there, for what needs one. */
export interface FoundDevice {
  readonly path: string
  readonly type: string
}

const deviceTimeoutMs = 30_000
/** Shares of the memory; they bound what may be written, nothing is reserved. */
const storeInMemory = 'mode=0755,size=25%'
/** User data of a live system goes there. */
const oemInMemory = 'mode=0755,size=16m'
const overlaysInMemory = 'mode=0755,size=25%'

/**
 * From the first instruction to the mounted root.
 * @param modules names of kernel modules to load in any case
 * @throws BootFailure where the command line does not name a root that can be checked
 */
export function planRoot(parameters: BootParameters, modules: readonly string[]): Step[] {
  const { rootHash, hashOffset, source } = parameters
  if (rootHash === undefined || hashOffset === undefined) {
    const missing = rootHash === undefined ? 'kiln.roothash=<64 hex digits>' : 'kiln.hashoffset=<bytes>'
    throw new BootFailure('no-root-hash', `Missing or malformed: ${missing}`)
  }
  if (source === undefined)
    throw new BootFailure('no-root-source', 'root= is there, and does not name a live medium.')
  const steps: Step[] = [{ kind: 'loadModules', names: modules }]
  let image: string
  if (source.kind === 'live') {
    image = `${paths.liveMedium}${liveMedium.payloadFolder}/${rootImageName}`
    steps.push(mountMedium(source.label, ['iso9660'], paths.liveMedium, false))
  } else if (source.kind === 'memory') {
    image = memoryRoot
  } else {
    if (!isFolderName(source.slot)) {
      throw new BootFailure('no-root-source', `kiln.slot="${source.slot}" is not the name of a slot.`)
    }
    image = `${paths.statePartition}/slots/${source.slot}/${rootImageName}`
    steps.push({ kind: 'readFirmware' }, mountMedium(labels.state, ['ext4'], paths.statePartition, true))
  }
  steps.push({ kind: 'openRoot', image, rootHash, hashOffset })
  if (source.kind !== 'slot' && parameters.verifyAhead) steps.push({ kind: 'readThrough', bytes: hashOffset })
  steps.push({ kind: 'mountRoot' }, { kind: 'checkInit' })
  steps.push(
    source.kind === 'slot'
      ? { kind: 'identify', slot: source.slot }
      : { kind: 'sentinel', name: 'live_mode' },
  )
  return steps
}

/** /oem, in memory where there is no partition for it, and the stage that runs before anything else is writable. */
export function planConfiguration(oem: FoundDevice | undefined): Step[] {
  const target = `${paths.sysroot}/oem`
  return [
    oem ? mountDevice(oem, target) : mountMemory(target, oemInMemory),
    { kind: 'stage', stage: 'rootfs' },
  ]
}

/**
 * The writable paths and the stage that uses them. Parents come before children, in the order of depth and name, so
 * that the same layout always gives the same mounts.
 * @param persistent the device for the store; memory where there is none
 * @throws BootFailure on a path that cannot be mounted
 */
export function planWritable(layout: Layout, persistent: FoundDevice | undefined): Step[] {
  const store: Step = persistent
    ? mountDevice(persistent, paths.store)
    : mountMemory(paths.store, storeInMemory)
  const folders = [
    ...layout.ephemeral.map((path) => ({ path, steps: [overlay(path)] })),
    ...layout.persistent.map((path) => ({ path, steps: bindFromStore(path) })),
    { path: layout.store, steps: [{ kind: 'bind', source: paths.store, path: layout.store }] as const },
  ]
  for (const { path } of folders) checkPath(path)
  return [
    store,
    // Now, so that what runs inside the root sees the store, too.
    ...kernelFolders.map(
      (folder): Step => ({
        kind: 'mount',
        request: { source: folder, target: `${paths.sysroot}${folder}`, flags: ['bind', 'rec'] },
      }),
    ),
    mountMemory(paths.overlays, overlaysInMemory),
    { kind: 'fillStore', path: layout.store, marker: `${paths.store}/.state` },
    ...folders.toSorted((a, b) => byDepth(a.path, b.path)).flatMap(({ steps }) => steps),
    { kind: 'stage', stage: 'initramfs' },
    ...kernelFolders.map(
      (folder): Step => ({ kind: 'unmount', path: `${paths.sysroot}${folder}`, lazy: true }),
    ),
    { kind: 'unmount', path: paths.store, lazy: false },
    // Once more: a mount or a stage may have hidden it.
    { kind: 'checkInit' },
  ]
}

const kernelFolders = ['/proc', '/sys', '/dev', '/run'] as const

function mountMedium(
  label: string,
  types: readonly FileSystem['type'][],
  target: string,
  onLoaderDisk: boolean,
): Step {
  return { kind: 'mountMedium', label, types, target, timeoutMs: deviceTimeoutMs, onLoaderDisk }
}

function mountDevice(device: FoundDevice, target: string): Step {
  return { kind: 'mount', request: { source: device.path, target, type: device.type } }
}

function mountMemory(target: string, data: string): Step {
  return { kind: 'mount', request: { source: 'tmpfs', target, type: 'tmpfs', data } }
}

/** Upper and work folder lie where the field has them. */
function overlay(path: string): Step {
  const folder = `${paths.overlays}/${path.slice(1).replaceAll('/', '-')}/.overlay`
  return { kind: 'overlay', path, upper: `${folder}/upper`, work: `${folder}/work` }
}

function bindFromStore(path: string): Step[] {
  const source = `${paths.store}/${stateFolder(path)}`
  return [
    { kind: 'seed', path, target: source },
    { kind: 'bind', source, path },
  ]
}

function byDepth(a: string, b: string): number {
  return a.split('/').length - b.split('/').length || (a < b ? -1 : a > b ? 1 : 0)
}

/** Commas and colons separate options and layers in the text that goes to the kernel. */
function checkPath(path: string): void {
  if (!/^(\/[^/,:\\\s]+)+$/.test(path) || /\/\.\.?(\/|$)/.test(path)) {
    throw new BootFailure('layout-unreadable', `"${path}" cannot be a writable path.`)
  }
}

function isFolderName(name: string): boolean {
  return /^[\w][\w.:+-]*$/.test(name)
}
