import { labels } from '@kiln/contract'
import { type Host, HostError } from '../host/host.ts'
import { type Mount, parseMountinfo } from '../host/mountinfo.ts'
import { readIfThere } from '../host/tree.ts'
import type { NodeDisk } from '../lifecycle/node-disk.ts'

/** A partition, with the field's words. */
export interface PartitionState {
  readonly found: boolean
  readonly mounted: boolean
  /** `/dev/sda4`. */
  readonly name?: string
  readonly label: string
  readonly mount_point?: string
  readonly type?: string
  readonly read_only?: boolean
  readonly size_bytes?: number
  /** What an ordinary user can still write; only where it is mounted. */
  readonly free_bytes?: number
}

const shown = { oem: labels.oem, state: labels.state, persistent: labels.persistent } as const

/** Reads /sys and /proc only. */
export function partitionStates(
  host: Host,
  disk: NodeDisk,
): Readonly<Record<keyof typeof shown, PartitionState>> {
  const mounts = parseMountinfo(readIfThere(host, '/proc/self/mountinfo') ?? '')
  const state = (role: keyof typeof shown): PartitionState => {
    const label = shown[role]
    const name = disk.partitions[role]
    if (name === undefined) return { found: false, mounted: false, label }
    const all = mounts.filter(({ source }) => source === name)
    // Folders of COS_PERSISTENT are bound to many places; the whole of it is at one.
    const mount = all.find(({ root }) => root === '/') ?? all[0]
    const place = mount === undefined ? {} : mountFacts(host, mount)
    return { found: true, mounted: mount !== undefined, name, label, ...sizeOf(host, name), ...place }
  }
  return { oem: state('oem'), state: state('state'), persistent: state('persistent') }
}

function mountFacts(host: Host, { target, type, options }: Mount) {
  const free = freeBytes(host, target)
  return {
    mount_point: target,
    type,
    read_only: options.includes('ro'),
    ...(free === undefined ? {} : { free_bytes: free }),
  }
}

function freeBytes(host: Host, target: string): number | undefined {
  try {
    return host.statfs(target).available
  } catch (error) {
    if (error instanceof HostError) return undefined
    throw error
  }
}

/** The kernel counts in units of 512 bytes. */
function sizeOf(host: Host, device: string): { size_bytes?: number } {
  const name = device.replace(/^\/dev\//, '').replaceAll('/', '!')
  const sectors = readIfThere(host, `/sys/class/block/${name}/size`)
  return sectors === undefined ? {} : { size_bytes: Number(sectors) * 512 }
}
