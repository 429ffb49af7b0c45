import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDisks } from './devices.ts'
import { parseSignatures } from './wipefs.ts'

/** As lsblk 2.38 prints it, shortened. */
const laptop = {
  blockdevices: [
    { name: 'sr0', path: '/dev/sr0', type: 'rom', size: 0, rm: true },
    {
      name: 'nvme0n1',
      path: '/dev/nvme0n1',
      type: 'disk',
      size: 512110190592,
      'log-sec': 512,
      ro: false,
      rm: false,
      tran: 'nvme',
      vendor: null,
      model: 'Samsung SSD 980 ',
      serial: 'S64',
      pttype: 'gpt',
      mountpoints: [null],
      children: [
        {
          name: 'nvme0n1p1',
          path: '/dev/nvme0n1p1',
          type: 'part',
          size: 536870912,
          parttype: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
          partlabel: 'efi',
          fstype: 'vfat',
          label: 'EFI',
          mountpoints: ['/boot/efi'],
        },
        {
          name: 'nvme0n1p2',
          path: '/dev/nvme0n1p2',
          type: 'part',
          size: 511572205568,
          fstype: 'crypto_LUKS',
          label: null,
          mountpoints: [null],
          children: [
            {
              name: 'luks-1',
              path: '/dev/mapper/luks-1',
              type: 'crypt',
              size: 511555428352,
              mountpoints: ['/', '/home'],
            },
          ],
        },
      ],
    },
    {
      name: 'sdb',
      path: '/dev/sdb',
      type: 'disk',
      size: 16e9,
      rm: false,
      tran: 'usb',
      vendor: 'WD      ',
      model: 'Elements',
    },
    { name: 'vda', path: '/dev/vda', type: 'disk', size: 8e9, vendor: '0x1af4', 'log-sec': 4096 },
  ],
}

test('devices: what is on a disk, and what is made of it', () => {
  const disks = parseDisks(JSON.stringify(laptop))
  assert.deepEqual(
    disks.map(({ name }) => name),
    ['nvme0n1', 'sdb', 'vda'],
  )
  const [nvme, usb, virtual] = disks
  assert.deepEqual(nvme?.mounts, ['/boot/efi', '/', '/home'])
  assert.deepEqual(nvme?.holders, ['luks-1'])
  assert.deepEqual(nvme?.partitions[0], {
    name: 'nvme0n1p1',
    path: '/dev/nvme0n1p1',
    bytes: 536870912,
    typeGuid: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
    partName: 'efi',
    fileSystem: 'vfat',
    label: 'EFI',
  })
  assert.deepEqual([nvme?.model, nvme?.serial, nvme?.table], ['Samsung SSD 980', 'S64', 'gpt'])
  assert.deepEqual([usb?.removable, usb?.model], [true, 'WD Elements'])
  assert.deepEqual([virtual?.removable, virtual?.model, virtual?.sectorBytes], [false, undefined, 4096])
})

test('devices: versions of lsblk that write numbers and flags as text', () => {
  const old = { name: 'sda', type: 'disk', size: '1000', 'log-sec': '512', ro: '1', rm: '0' }
  const [disk] = parseDisks(JSON.stringify({ blockdevices: [old] }))
  assert.deepEqual(
    [disk?.path, disk?.bytes, disk?.sectorBytes, disk?.readOnly, disk?.removable],
    ['/dev/sda', 1000, 512, true, false],
  )
})

test('devices: names with a slash are those of the kernel with !', () => {
  const array = { name: 'c0d0', path: '/dev/cciss/c0d0', type: 'disk', size: 1 }
  assert.equal(parseDisks(JSON.stringify({ blockdevices: [array] }))[0]?.name, 'cciss!c0d0')
})

for (const [text, expected] of [
  ['', []],
  ['{"signatures": []}', []],
  ['{"signatures": [{"type": "ext4", "label": "data"}]}', ['ext4 data']],
  ['{"signatures": [{"type": "gpt", "label": null}, {"type": "gpt"}, {"type": "PMBR"}]}', ['gpt -']],
  ['{"signatures": [{"type": "PMBR"}]}', ['PMBR -']],
] as const) {
  test(`wipefs: ${text || 'nothing'}`, () => {
    const found = parseSignatures(text).map(({ type, label = '-' }) => `${type} ${label}`)
    assert.deepEqual(found, expected)
  })
}
