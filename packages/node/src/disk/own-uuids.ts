import { partitionNames } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import type { Host } from '../host/host.ts'
import { probeFileSystem, probeLength } from '../initramfs/probe.ts'
import { withLifecycleLock } from '../lifecycle/lock.ts'
import { findNodeDisk, type NodeDisk } from '../lifecycle/node-disk.ts'
import { withStateWritable } from '../lifecycle/slots.ts'
import { DiskToolError, runTool } from './tool.ts'

const roles = [partitionNames.oem, partitionNames.state, partitionNames.persistent]

/** The digit of a UUID that tells its version. */
const versionAt = 14

/**
 * The file systems of a disk image have UUIDs that follow from its content, the same on each machine: version 8 (RFC 9562).
 * They get random ones, version 4, while they are in use: the kernel changes superblock and backups through the journal. What
 * was done already is not done again, so no mark has to be kept, and power may fail.
 * @returns the exit code
 */
export function giveOwnUuids(host: Host): number {
  try {
    const disk = findNodeDisk(host)
    const devices = roles.map((role) => disk.partitions[role]).filter((device) => device !== undefined)
    const shared = devices.filter((device) => hasImageUuid(host, device))
    if (shared.length === 0) return 0
    withLifecycleLock(host, 'identities of file systems', () => giveOwn(host, disk, shared))
    host.print(`kiln-agent: ${shared.join(', ')} have UUIDs of their own now\n`)
    return 0
  } catch (error) {
    if (!(error instanceof DiskToolError || error instanceof AgentError)) throw error
    // The next boot tries again.
    host.printError(`kiln-agent: the file systems keep the UUIDs of the image: ${error.message}\n`)
    return 1
  }
}

function giveOwn(host: Host, { state, partitions }: NodeDisk, devices: readonly string[]): void {
  for (const device of devices) {
    const change = () => runTool(host, ['tune2fs', '-U', 'random', device])
    if (device === partitions[partitionNames.state]) withStateWritable(host, state, change)
    else change()
  }
}

/** Whether an ext4 file system has the UUID that was given to it when the image was built. */
export function hasImageUuid(host: Pick<Host, 'readBytes'>, device: string): boolean {
  const found = probeFileSystem(host.readBytes(device, 0, probeLength))
  return found?.type.startsWith('ext') === true && found.uuid?.[versionAt] === '8'
}
