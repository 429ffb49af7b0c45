import assert from 'node:assert/strict'
import { test } from 'node:test'
import { main } from '../main.ts'
import { adminConfig, installMachine, listedDisk, type MachineOptions } from '../testkit/install-machine.ts'

const MiB = 1024 * 1024
const bios = '21686148-6449-6e6f-744e-656564454649'

function part(number: number, partlabel: string, fstype: string | null, label: string | null, parttype = '') {
  return {
    name: `vda${number}`,
    path: `/dev/vda${number}`,
    type: 'part',
    size: 900 * MiB,
    fstype,
    label,
    partlabel,
    parttype,
  }
}

const parts = [
  part(1, 'bios', null, null, bios),
  part(2, 'efi', 'vfat', 'COS_GRUB'),
  part(3, 'oem', 'ext4', 'COS_OEM'),
  part(4, 'state', 'ext4', 'COS_STATE'),
  part(5, 'persistent', 'ext4', 'COS_PERSISTENT'),
]

const sysfs = Object.fromEntries(
  parts.flatMap(({ name }, index) => [
    [`/sys/class/block/vda/${name}/partition`, `${index + 1}\n`],
    [`/sys/class/block/vda/${name}/start`, `${2048 * (index + 1)}\n`],
    [`/sys/class/block/vda/${name}/size`, '2048\n'],
  ]),
)

function install(
  context: Parameters<typeof installMachine>[0],
  changes: { children?: object[]; install?: string; disks?: object[] } & MachineOptions = {},
) {
  const { children = parts, install: more = '', files, ...options } = changes
  const machine = installMachine(context, {
    disks: [listedDisk('vda', { pttype: 'gpt', children })],
    signatures: { '/dev/vda': ['gpt'] },
    config: `${adminConfig}install: {no-format: true${more}}\n`,
    ...options,
    files: { ...sysfs, ...files },
  })
  const code = main({ ...machine.host, args: ['install'] })
  return { ...machine, code, said: machine.output.join('') }
}

test('no-format: partitions that are there are used, and no consent is needed', (context) => {
  const { code, said, calls, has, read } = install(context, {
    files: { '/run/cos/persistent/mine': 'kept', '/run/cos/oem/mine.yaml': 'kept' },
  })
  assert.equal(code, 0, said)
  assert.deepEqual(
    calls.filter((call) => /^(sfdisk|mke2fs|mkfs)/.test(call)),
    [],
  )
  assert.deepEqual(calls.filter((call) => call.startsWith('mount ')).slice(0, 4), [
    'mount ext4 /dev/vda4 /run/cos/state nosuid,nodev',
    'mount ext4 /dev/vda3 /run/cos/oem nosuid,nodev',
    'mount vfat /dev/vda2 /run/cos/efi nosuid,nodev,umask=0077',
    'mount ext4 /dev/vda5 /run/cos/persistent nosuid,nodev',
  ])
  assert.ok(has('/run/cos/efi/EFI/BOOT/BOOTX64.EFI'))
  assert.deepEqual([read('/run/cos/persistent/mine'), read('/run/cos/oem/mine.yaml')], ['kept', 'kept'])
})

test('no-format: BIOS takes the partition for its boot code', (context) => {
  const { code, said, host } = install(context, { firmware: 'bios' })
  assert.equal(code, 0, said)
  assert.equal(
    new DataView(host.readBytes('/dev/vda', 0, 512).slice().buffer).getBigUint64(0x5c, true),
    2048n,
  )
})

const earlier = {
  '/run/cos/state/slots/abc/root.img': 'old',
  '/run/cos/state/cOS/active.img': 'old',
  '/run/cos/efi/EFI/BOOT/BOOTX64.EFI': 'old',
  '/run/cos/efi/loader/entries/kiln-7.conf': 'old',
  '/run/cos/persistent/mine': 'kept',
}

test('no-format: an installed system is not replaced unless that is said', (context) => {
  const machine = install(context, { files: earlier })
  assert.equal(machine.code, 2)
  assert.match(machine.said, /COS_STATE has the folders slots, cOS/)
  assert.equal(machine.read('/run/cos/efi/EFI/BOOT/BOOTX64.EFI'), 'old')
})

test('no-format: with force, nothing of the earlier system is left but its data', (context) => {
  const machine = install(context, { files: earlier, install: ', force: true' })
  assert.equal(machine.code, 0, machine.said)
  assert.deepEqual(machine.host.list('/run/cos/state/slots'), [machine.payload.root.rootHash])
  assert.ok(!machine.has('/run/cos/state/cOS') && !machine.has('/run/cos/efi/loader/entries/kiln-7.conf'))
  assert.equal(machine.read('/run/cos/persistent/mine'), 'kept')
})

const without = (label: string) => parts.filter((each) => each.label !== label)
const changed = (label: string, changes: object) =>
  parts.map((each) => (each.label === label ? { ...each, ...changes } : each))

const refused: readonly (readonly [
  what: string,
  children: object[],
  firmware: 'uefi' | 'bios',
  message: RegExp,
])[] = [
  ['a label that is missing', without('COS_OEM'), 'uefi', /no partition labelled COS_OEM/],
  ['no COS_STATE anywhere', without('COS_STATE'), 'uefi', /no disk has a partition labelled COS_STATE/],
  [
    'a label that is there twice',
    [...parts, part(6, 'oem', 'ext4', 'COS_OEM')],
    'uefi',
    /vda3 and \/dev\/vda6 are both/,
  ],
  ['another file system', changed('COS_STATE', { fstype: 'xfs' }), 'uefi', /is xfs; it must be ext4/],
  [
    'another name in the table',
    changed('COS_GRUB', { partlabel: 'boot' }),
    'uefi',
    /must have the name "efi"/,
  ],
  ['too little room', changed('COS_GRUB', { size: 5000 }), 'uefi', /has 4.9 KiB; 9.8 KiB are the least/],
  ['no place for boot code', parts.slice(1), 'bios', /no partition for the boot code of BIOS/],
]

for (const [what, children, firmware, message] of refused) {
  test(`no-format: ${what} is refused before anything is mounted`, (context) => {
    const { code, said, calls } = install(context, { children, firmware })
    assert.notEqual(code, 0)
    assert.match(said, message)
    assert.deepEqual(
      calls.filter((call) => call.startsWith('mount')),
      [],
    )
  })
}

test('no-format: two disks that were divided are no choice', (context) => {
  const second = listedDisk('vdb', {
    children: [{ ...part(4, 'state', 'ext4', 'COS_STATE'), path: '/dev/vdb4' }],
  })
  const { code, said } = install(context, {
    disks: [listedDisk('vda', { children: parts }), second],
  })
  assert.equal(code, 3)
  assert.match(said, /\/dev\/vda and \/dev\/vdb both have a partition labelled COS_STATE/)
})
