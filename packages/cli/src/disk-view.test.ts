import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diskLines } from './disk-view.ts'

const MiB = 2 ** 20

test('a disk is shown with its sum, and with its size in each file', () => {
  const terms = [
    { what: 'partition table', bytes: MiB, why: 'at the start' },
    { what: 'COS_OEM', bytes: 64 * MiB, why: 'cloud-configs' },
  ]
  const files = [
    { file: 'a.raw', bytes: 66 * MiB },
    { file: 'a.gce.tar.gz', bytes: 1024 * MiB },
  ]
  const disks = [
    { step: 'one/raw', firmware: 'hybrid', layout: { terms, minimumBytes: 65 * MiB, files } },
    { step: 'two/raw', firmware: 'uefi' },
  ]
  assert.deepEqual(diskLines(disks), [
    '',
    'disk one/raw (hybrid): at least 65 MiB',
    '  partition table   1 MiB  at the start',
    '  COS_OEM          64 MiB  cloud-configs',
    '  66 MiB in a.raw',
    '  1 GiB in a.gce.tar.gz',
    '',
    'disk two/raw (uefi): its size is known when the payload is made',
  ])
})
