import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GiB } from '@kiln/contract'
import type { Disk } from '../disk/devices.ts'
import { chooseDisk, type DiskWish } from './choose-disk.ts'
import { InstallError, type InstallReason } from './error.ts'

function disk(name: string, changes: Partial<Disk> = {}): Disk {
  return {
    name,
    path: `/dev/${name}`,
    type: 'disk',
    bytes: 10 * GiB,
    sectorBytes: 512,
    readOnly: false,
    removable: false,
    model: undefined,
    serial: undefined,
    table: undefined,
    fileSystem: undefined,
    label: undefined,
    partitions: [],
    mounts: [],
    holders: [],
    ...changes,
  }
}

const part = { bytes: 1, typeGuid: undefined, partName: undefined, fileSystem: undefined, label: undefined }
const medium = disk('sdz', {
  bytes: 64 * GiB,
  partitions: [{ ...part, name: 'sdz1', path: '/dev/sdz1' }],
})
const needs = { runningFrom: ['sdz1'], leastBytes: 3 * GiB }
const auto: DiskWish = { kind: 'auto' }
const named = (path: string): DiskWish => ({ kind: 'named', given: path, path })

const chosen: readonly (readonly [what: string, disks: Disk[], wish: DiskWish, path: string])[] = [
  ['the only one', [disk('sda')], auto, '/dev/sda'],
  ['the largest', [disk('sda'), disk('sdb', { bytes: 20 * GiB }), disk('sdc')], auto, '/dev/sdb'],
  ['never the medium', [medium, disk('sda')], auto, '/dev/sda'],
  [
    'not one that can be taken out',
    [disk('sdb', { bytes: 99 * GiB, removable: true }), disk('sda')],
    auto,
    '/dev/sda',
  ],
  ['not a read-only one', [disk('sdb', { bytes: 99 * GiB, readOnly: true }), disk('sda')], auto, '/dev/sda'],
  ['not one in use', [disk('sdb', { bytes: 99 * GiB, mounts: ['/srv'] }), disk('sda')], auto, '/dev/sda'],
  [
    'not a part of an array',
    [disk('sdb', { bytes: 99 * GiB, holders: ['md0'] }), disk('sda')],
    auto,
    '/dev/sda',
  ],
  ['not memory', [disk('zram0', { bytes: 99 * GiB }), disk('sda')], auto, '/dev/sda'],
  ['not an array itself', [disk('md0', { bytes: 99 * GiB, type: 'raid1' }), disk('sda')], auto, '/dev/sda'],
  ['exactly as large as needed', [disk('sda', { bytes: 3 * GiB })], auto, '/dev/sda'],
  ['by name, one that can be taken out', [disk('sda', { removable: true })], named('/dev/sda'), '/dev/sda'],
  [
    'by name, the smaller one',
    [disk('sda'), disk('sdb', { bytes: 20 * GiB })],
    named('/dev/sda'),
    '/dev/sda',
  ],
  ['by name, a loop device', [disk('loop0', { type: 'loop' })], named('/dev/loop0'), '/dev/loop0'],
]

for (const [what, disks, wish, path] of chosen) {
  test(`choose: ${what}`, () => assert.equal(chooseDisk(disks, wish, needs).disk.path, path))
}

const refused: readonly (readonly [
  what: string,
  disks: Disk[],
  wish: DiskWish,
  reason: InstallReason,
  message: RegExp,
])[] = [
  ['no disk at all', [], auto, 'no-disk', /no disk/],
  ['only the medium', [medium], auto, 'no-disk', /sdz.*runs from it/],
  [
    'only too small ones',
    [disk('sda', { bytes: GiB })],
    auto,
    'no-disk',
    /sda, 1 GiB: it is too small: 3 GiB/,
  ],
  [
    'two alike',
    [disk('sda', { serial: 'A1' }), disk('sdb')],
    auto,
    'disk-ambiguous',
    /sda, 10 GiB, A1; \/dev\/sdb/,
  ],
  ['the medium by name', [medium], named('/dev/sdz'), 'disk-refused', /runs from it/],
  [
    'a partition',
    [disk('sda'), medium],
    named('/dev/sdz1'),
    'disk-refused',
    /partition of \/dev\/sdz; name the disk/,
  ],
  [
    'one that is not there',
    [disk('sda')],
    named('/dev/sdb'),
    'disk-refused',
    /no disk \/dev\/sdb; there are \/dev\/sda/,
  ],
  [
    'one that is mounted',
    [disk('sda', { mounts: ['/a', '[SWAP]'] })],
    named('/dev/sda'),
    'disk-refused',
    /\/a, \[SWAP\]/,
  ],
  [
    'one that is part of something',
    [disk('sda', { holders: ['vg-root'] })],
    named('/dev/sda'),
    'disk-refused',
    /vg-root/,
  ],
  [
    'one that cannot be written',
    [disk('sda', { readOnly: true })],
    named('/dev/sda'),
    'disk-refused',
    /read-only/,
  ],
  ['an optical drive', [disk('sr0', { type: 'rom' })], named('/dev/sr0'), 'disk-refused', /rom/],
]

for (const [what, disks, wish, reason, message] of refused) {
  test(`choose: ${what} is refused`, () => {
    assert.throws(
      () => chooseDisk(disks, wish, needs),
      (error) => {
        assert.ok(error instanceof InstallError)
        assert.equal(error.reason, reason)
        assert.match(error.message, message)
        return true
      },
    )
  })
}

test('choose: it says why', () => {
  const two = [disk('sda'), disk('sdb', { bytes: 20 * GiB })]
  assert.equal(chooseDisk(two, auto, needs).why, 'the largest of 2 disks')
  assert.equal(chooseDisk([disk('sda')], auto, needs).why, 'the only disk that can be taken')
  const link: DiskWish = { kind: 'named', given: '/dev/disk/by-id/x', path: '/dev/sda' }
  assert.equal(chooseDisk(two, link, needs).why, 'which is /dev/disk/by-id/x')
})
