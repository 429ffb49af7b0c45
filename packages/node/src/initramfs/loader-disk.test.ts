import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partitionTypes } from '@kiln/contract'
import { gptDisk, guidOf } from '../testkit/gpt-disk.ts'
import { extImage } from '../testkit/images.ts'
import { efiText } from '../testkit/lifecycle-data.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import { runInitramfs } from './boot.ts'
import { disksWithPartition } from './loader-disk.ts'

const partitions = [
  { name: 'efi', type: partitionTypes.efi, first: 2048, last: 4095 },
  { name: 'state', type: partitionTypes.linux, first: 4096, last: 8191 },
]

/** A disk with an EFI partition and COS_STATE. */
function disk(name: string, machine: string): Record<string, string | Uint8Array> {
  return {
    [`/sys/devices/block/${name}/size`]: '4194304\n',
    [`/sys/devices/block/${name}/queue/logical_block_size`]: '512\n',
    [`/sys/devices/block/${name}/${name}2/size`]: '4096\n',
    [`/sys/devices/block/${name}/${name}2/partition`]: '2\n',
    [`/sys/class/block/${name}`]: `-> ../../devices/block/${name}`,
    [`/sys/class/block/${name}2`]: `-> ../../devices/block/${name}/${name}2`,
    [`/dev/${name}`]: gptDisk(partitions, machine),
    [`/dev/${name}2`]: extImage('COS_STATE'),
  }
}

const twoDisks = { ...disk('sda', 'a'), ...disk('sdb', 'b') }

test('loader disk: found by the partition that the loader was started from', (context) => {
  const { host } = rootedHost(context, { ...twoDisks, '/sys/class/block/sdc/size': '0' })
  assert.deepEqual(disksWithPartition(host, guidOf(0, 'b').toUpperCase()), ['sdb'])
  assert.deepEqual(disksWithPartition(host, guidOf(0, 'c').toUpperCase()), [])
})

test('loader disk: a copy of a disk cannot be told from it', (context) => {
  const { host } = rootedHost(context, { ...disk('sda', 'a'), ...disk('sdb', 'a') })
  assert.deepEqual(disksWithPartition(host, guidOf(0, 'a').toUpperCase()), ['sda', 'sdb'])
})

const machine = {
  ...twoDisks,
  '/etc/kiln/modules': '',
  '/proc/sys/kernel/osrelease': '6.1.0\n',
  '/proc/cmdline': `kiln.roothash=${'cd'.repeat(32)} kiln.hashoffset=8192\n`,
}
const variable = '/sys/firmware/efi/efivars/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f'

for (const [name, own, expected] of [
  ['the right one of two disks', guidOf(0, 'b'), /mount ext4 \/dev\/sdb2 \/run\/initramfs\/cos-state ro/],
  ['the other one', guidOf(0, 'a').toUpperCase(), /mount ext4 \/dev\/sda2 \/run\/initramfs\/cos-state ro/],
] as const) {
  test(`loader disk: COS_STATE is taken from ${name}`, (context) => {
    const { host, calls } = rootedHost(context, { ...machine, [variable]: efiText(own) })
    runInitramfs(host)
    assert.match(calls.join('\n'), expected)
  })
}

test('loader disk: where the loader does not say, two candidates are named and none is taken', (context) => {
  const { host, calls, output } = rootedHost(context, machine)
  assert.equal(runInitramfs(host), 1)
  assert.match(output.join(''), /root-ambiguous[\s\S]*\/dev\/sda2, \/dev\/sdb2/)
  assert.deepEqual(
    calls.filter((call) => call.includes('mount ext4')),
    [],
  )
})

test('loader disk: another disk is not taken though its label fits', (context) => {
  const { host, output } = rootedHost(context, { ...machine, [variable]: efiText(guidOf(0, 'c')) })
  assert.equal(runInitramfs(host), 1)
  assert.match(output.join(''), /root-not-found[\s\S]*COS_STATE on the\s+\|?/)
})
