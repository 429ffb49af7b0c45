import { Layout, layoutPath, MiB } from '@kiln/contract'
import * as z from 'zod/mini'
import type { Host } from '../host/host.ts'
import { parseMountinfo } from '../host/mountinfo.ts'
import { readIfThere } from '../host/tree.ts'
import { probeFileSystem, probeLength } from '../initramfs/probe.ts'
import { DiskToolError, runTool } from './tool.ts'

/** What the kernel counts sizes in. */
const sysfsUnit = 512

/** Less than that is not worth a run: the last group of a file system may be too small to be made. */
const leastGrowth = 16 * MiB

/**
 * `kiln-agent grow`: grows the file system of COS_PERSISTENT to its partition, while it is in use. Looks at sizes only, so it
 * can run at each boot: after the first one, when the partition was made larger by hand, or when it was broken off.
 * @returns the exit code
 */
export function growPersistent(host: Host): number {
  try {
    const { store } = z.parse(Layout, JSON.parse(host.readText(layoutPath)))
    const device = ext4Source(host.readText('/proc/self/mountinfo'), store)
    if (device === undefined) return 0
    const [has, room] = [fileSystemBytes(host, device), deviceBytes(host, device)]
    if (has === undefined || room === undefined || room - has < leastGrowth) return 0
    runTool(host, ['resize2fs', device])
    const grown = fileSystemBytes(host, device) ?? has
    host.print(`kiln-agent: grew ${device} from ${mib(has)} to ${mib(grown)}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof DiskToolError)) throw error
    host.printError(`kiln-agent: ${error.message}\n`)
    return 1
  }
}

function mib(bytes: number): string {
  return `${Math.floor(bytes / MiB)} MiB`
}

/** The device of the uppermost ext4 file system at a path; undefined where something else is mounted there. */
export function ext4Source(mountinfo: string, path: string): string | undefined {
  const last = parseMountinfo(mountinfo).findLast(({ target }) => target === path)
  return last?.type === 'ext4' && last.source.startsWith('/dev/') ? last.source : undefined
}

function fileSystemBytes(host: Pick<Host, 'readBytes'>, device: string): number | undefined {
  return probeFileSystem(host.readBytes(device, 0, probeLength))?.bytes
}

function deviceBytes(host: Pick<Host, 'readText'>, device: string): number | undefined {
  const name = device.replace(/^\/dev\//, '').replaceAll('/', '!')
  const size = readIfThere(host, `/sys/class/block/${name}/size`)
  return size === undefined ? undefined : Number(size) * sysfsUnit
}
