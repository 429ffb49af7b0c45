import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GiB, MiB } from './bytes.ts'
import { type DiskRequest, planDisk } from './disk.ts'
import { DiskError, type DiskProblem } from './disk-error.ts'

const core: DiskRequest = {
  firmware: 'uefi',
  diskBytes: 16 * GiB,
  payload: { rootBytes: 200 * MiB, bootBytes: 40 * MiB },
  generations: 2,
}

function problemOf(request: DiskRequest): DiskProblem {
  try {
    planDisk(request)
  } catch (error) {
    if (error instanceof DiskError) return error.problem
    throw error
  }
  throw new Error('was not refused')
}

describe('what is refused', () => {
  const extra = (change: object) => ({ extra: [{ name: 'data', bytes: 10 * MiB, ...change }] })
  const bad: readonly (readonly [what: string, change: Partial<DiskRequest>, message: RegExp])[] = [
    ['a small EFI partition', { sizes: { efi: 191 * MiB } }, /191 MiB for COS_GRUB.*192 MiB is the least/],
    ['a small OEM partition', { sizes: { oem: MiB } }, /1 MiB for COS_OEM are too little: 16 MiB/],
    [
      'a small state partition',
      { sizes: { state: 863 * MiB } },
      /863 MiB for COS_STATE.*864 MiB.*recovery, one being written\) × 200 MiB root image/,
    ],
    ['a small persistent partition', { sizes: { persistent: 0 } }, /0 MiB for COS_PERSISTENT/],
    ['a size that is no number', { sizes: { state: Number.NaN } }, /for COS_STATE/],
    ['one generation', { generations: 1 }, /2 or more/],
    ['half a generation', { generations: 2.5 }, /2 or more/],
    ['a payload without size', { payload: { rootBytes: 0, bootBytes: 1 } }, /root image/],
    ['4096-byte sectors with BIOS', { firmware: 'hybrid', sectorBytes: 4096 }, /BIOS/],
    ['an extra partition without size', extra({ bytes: 0 }), /belongs to COS_PERSISTENT/],
    ['an extra partition that is too small', extra({ bytes: MiB }), /too small for ext4/],
    ['a name of ours', extra({ name: 'state' }), /"state" is there already/],
    ['a label of ours', extra({ label: 'COS_STATE' }), /label "COS_STATE" is there already/],
    ['a name that a table cannot hold', extra({ name: 'a"b' }), /must have a name/],
    ['a long label', extra({ label: 'a'.repeat(17) }), /at most 16/],
    ['a long label on FAT', extra({ label: 'a'.repeat(12), fs: 'vfat' }), /at most 11/],
    ['a label on nothing', extra({ label: 'a', fs: 'none' }), /no file system/],
    [
      'a name twice',
      {
        extra: [
          { name: 'data', bytes: 10 * MiB },
          { name: 'Data', bytes: 10 * MiB },
        ],
      },
      /"Data" is there already/,
    ],
  ]
  for (const [what, change, message] of bad)
    it(what, () => {
      assert.notEqual(problemOf({ ...core, ...change }).kind, 'too-small')
      assert.throws(() => planDisk({ ...core, ...change }), message)
    })
})
