import type { Host } from '../host/host.ts'
import { HostError } from '../host/host.ts'
import { exists, listIfThere } from '../host/tree.ts'
import { type FileSystem, probeFileSystem, probeLength } from './probe.ts'

/** A disk or partition that holds a known file system. */
export interface BlockDevice {
  /** The kernel's name: `sda1`. */
  readonly name: string
  /** The disk of a partition. */
  readonly parent: string | undefined
  readonly fileSystem: FileSystem
}

export type Choice =
  | { readonly kind: 'one'; readonly device: BlockDevice }
  | { readonly kind: 'none' }
  | { readonly kind: 'several'; readonly devices: readonly BlockDevice[] }

/** Never the origin of a root: memory disks, our own layers, and floppies, whose missing medium takes seconds to miss. */
const ignored = /^(loop|ram|zram|dm-|fd|nbd)/

export function isIgnored(name: string): boolean {
  return ignored.test(name)
}

export function devicePath(device: Pick<BlockDevice, 'name'>): string {
  return `/dev/${device.name.replaceAll('!', '/')}`
}

/**
 * The device with a label. A hybrid medium shows its label on the disk and again on its first partition: the disk is
 * taken. The same label on two disks is no choice that a program may make.
 */
export function chooseDevice(
  devices: readonly BlockDevice[],
  label: string,
  types: readonly FileSystem['type'][],
): Choice {
  const matching = devices.filter(
    ({ fileSystem }) => fileSystem.label === label && types.includes(fileSystem.type),
  )
  const names = new Set(matching.map(({ name }) => name))
  const [first, ...others] = matching.filter(({ parent }) => parent === undefined || !names.has(parent))
  if (!first) return { kind: 'none' }
  return others.length === 0
    ? { kind: 'one', device: first }
    : { kind: 'several', devices: [first, ...others] }
}

/**
 * The device with a label on the disk that carries another device: never one of another disk, which belongs to somebody
 * else. Where that disk has no partitions, the only device with the label.
 */
export function chooseBeside(
  devices: readonly BlockDevice[],
  label: string,
  neighbour: string | undefined,
): BlockDevice | undefined {
  const parent = devices.find(({ name }) => name === neighbour)?.parent
  const labelled = devices.filter(({ fileSystem }) => fileSystem.label === label)
  if (parent !== undefined) return labelled.find((device) => device.parent === parent)
  return labelled.length === 1 ? labelled[0] : undefined
}

/**
 * Looks at the start of every block device.
 * @param known what an earlier scan found; those devices are not read again
 */
export function scanDevices(host: Host, known: readonly BlockDevice[] = []): BlockDevice[] {
  const names = listIfThere(host, '/sys/class/block').filter((name) => !isIgnored(name))
  return names.flatMap((name) => {
    const before = known.find((device) => device.name === name)
    const found = before ?? probeDevice(host, name)
    return found ? [found] : []
  })
}

function probeDevice(host: Host, name: string): BlockDevice | undefined {
  try {
    const folder = `/sys/class/block/${name}`
    // A drive without its medium has no size.
    if (host.readText(`${folder}/size`).trim() === '0') return undefined
    const fileSystem = probeFileSystem(host.readBytes(devicePath({ name }), 0, probeLength))
    if (!fileSystem) return undefined
    const isPartition = exists(host, `${folder}/partition`)
    // The link ends in …/block/sda/sda1.
    const parent = isPartition ? host.readlink(folder).split('/').at(-2) : undefined
    return { name, parent, fileSystem }
  } catch (error) {
    // Devices come and go while we look; the next round looks again.
    if (error instanceof HostError) return undefined
    throw error
  }
}
