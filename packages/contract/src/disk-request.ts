import { MiB } from './bytes.ts'
import type { DiskRequest, ExtraPartition } from './disk.ts'
import { DiskError } from './disk-error.ts'
import { labels } from './labels.ts'

/** Entries of a partition table, less the fixed partitions. */
const maximumExtra = 128 - 5

const reservedNames: readonly string[] = ['bios', 'efi', 'oem', 'state', 'persistent', 'recovery']
const reservedLabels: readonly string[] = Object.values(labels)

/** The smallest file systems that their makers make, in bytes. */
const leastExtra = { ext4: 2 * MiB, vfat: 1 * MiB, none: 1 }

/** Refuses what no disk of any size could satisfy. @throws DiskError */
export function checkDiskRequest(request: Omit<DiskRequest, 'diskBytes'>): void {
  const { payload, generations, extra = [], firmware, sectorBytes } = request
  if (firmware !== 'uefi' && sectorBytes === 4096)
    refuse('a disk with 4096-byte sectors', 'cannot be started by BIOS; use firmware uefi')
  if (!Number.isInteger(generations) || generations < 2)
    refuse('the number of generations', 'must be 2 or more: one that runs and one to go back to')
  for (const [what, bytes] of [
    ['the root image', payload.rootBytes],
    ['the boot files', payload.bootBytes],
  ] as const)
    if (!isSize(bytes)) refuse(`the size of ${what}`, 'must be a whole number of bytes above 0')
  if (extra.length > maximumExtra) refuse('the list of extra partitions', `has more than ${maximumExtra}`)
  for (const partition of extra) checkExtra(partition)
  refuseTwice(
    'extra partition',
    extra.map(({ name }) => name),
    reservedNames,
  )
  refuseTwice(
    'label',
    extra.flatMap(({ label }) => label ?? []),
    reservedLabels,
  )
}

function checkExtra({ name, bytes, fs = 'ext4', label }: ExtraPartition): void {
  const subject = `extra partition "${name}"`
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,35}$/.test(name))
    refuse(subject, 'must have a name of at most 36 letters, digits and . _ -')
  if (!isSize(bytes))
    refuse(subject, `must have a size; what is left of the disk belongs to ${labels.persistent}`)
  if (bytes < leastExtra[fs]) refuse(subject, `is too small for ${fs}`)
  if (label === undefined) return
  if (fs === 'none') refuse(subject, 'has a label but no file system')
  const longest = fs === 'vfat' ? 11 : 16
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(label) || label.length > longest)
    refuse(subject, `must have a label of at most ${longest} letters, digits and . _ -`)
}

function refuseTwice(what: string, names: readonly string[], reserved: readonly string[]): void {
  const seen = new Set(reserved.map((name) => name.toLowerCase()))
  for (const name of names) {
    if (seen.has(name.toLowerCase())) refuse(`${what} "${name}"`, 'is there already')
    seen.add(name.toLowerCase())
  }
}

function isSize(bytes: number): boolean {
  return Number.isSafeInteger(bytes) && bytes > 0
}

function refuse(subject: string, why: string): never {
  throw new DiskError({ kind: 'bad-request', subject, why })
}
