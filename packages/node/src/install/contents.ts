import { sizeText } from '@kiln/contract'
import type { Disk } from '../disk/devices.ts'
import type { Signature } from '../disk/wipefs.ts'

/**
 * What would be lost with a disk, for the person who has to agree; empty where there is nothing.
 * @param signatures what the disk says of itself now
 */
export function contentsOf(disk: Disk, signatures: readonly Signature[]): string[] {
  const whole = signatures.map(({ type, label }) => (label === undefined ? type : `${type} "${label}"`))
  const partitions = disk.partitions.map(({ path, bytes, label, partName, fileSystem }) => {
    const name = label ?? partName
    const what = [fileSystem ?? 'unknown content', name === undefined ? '' : `"${name}"`]
    return `${path}: ${what.filter(Boolean).join(' ')}, ${sizeText(bytes)}`
  })
  return [...whole, ...partitions]
}
