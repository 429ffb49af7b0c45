import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GiB, MiB, type Payload, sizeText } from '@kiln/contract'
import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import { collect } from '../cloud-config/collect.ts'
import { environmentBlock } from '../lifecycle/command-line.ts'
import { plannedUsers } from './admins.ts'
import { InstallError } from './error.ts'
import { optionWarnings } from './grub-options.ts'
import { layoutRequest, leastBytes, raiseSizes } from './layout.ts'
import { configsForOem, settingsForOem } from './oem-files.ts'
import { installSettings } from './settings.ts'

function config(text: string) {
  const result = parseCloudConfig(`#cloud-config\n${text}`, 'x.yaml')
  if (result.kind !== 'parsed') throw new Error(JSON.stringify(result))
  return result.document.value
}

function settings(...texts: string[]) {
  const sources = texts.map((text, index) => {
    return { kind: 'file', name: `${index}.yaml`, text: `#cloud-config\n${text}` } as const
  })
  return installSettings(collect(sources).config)
}

test('settings: nothing said', () => {
  assert.deepEqual(settings('hostname: x').settings, {
    auto: false,
    device: 'auto',
    source: undefined,
    allowInsecure: false,
    end: 'stay',
    noFormat: false,
    force: false,
    noUsers: false,
    firmware: undefined,
    keep: 2,
    sizes: { efi: undefined, oem: undefined, state: undefined, persistent: undefined },
    extra: [],
    grubOptions: {},
    bindMounts: [],
    ephemeralMounts: [],
    env: {},
    bundles: [],
    failOnBundles: false,
    registries: {},
    strict: false,
  })
})

test('settings: what is said at the top counts, too, and what is said of installing counts for more', () => {
  const { settings: said, warnings } = settings(`
grub_options: {extra_cmdline: quiet, extra_active_cmdline: a}
env: [A=1, B=1]
fail_on_bundles_errors: true
bundles: [{targets: ["run://later"]}]
kiln: {registries: {"r:5000": {plain-http: true}}}
install:
  grub_options: {extra_cmdline: loud}
  env: [B=2]
  bundles:
    - targets: ["run://r:5000/a", "container://r:5000/b"]
      rootfs_path: /usr/local/b
    - {targets: [/c.tar], local_file: true}
`)
  assert.deepEqual(said.grubOptions, { extra_cmdline: 'loud', extra_active_cmdline: 'a' })
  assert.deepEqual(said.env, { A: '1', B: '2' })
  assert.equal(said.failOnBundles, true)
  assert.deepEqual(Object.keys(said.registries), ['r:5000'])
  assert.deepEqual(
    said.bundles.map(({ target, folder, isFile }) => [target, folder, isFile]),
    [
      ['run://r:5000/a', '/usr/local/b', false],
      ['container://r:5000/b', '/usr/local/b', false],
      ['/c.tar', '/', true],
    ],
  )
  assert.deepEqual(warnings, [])
})

test('settings: a file of the field', () => {
  const { settings: said, warnings } = settings(`
install:
  auto: true
  device: /dev/disk/by-id/x
  reboot: true
  image: oci:registry.example/os:v1
  firmware: efi
  part-table: gpt
  partitions:
    oem: {size: 100, fs: ext4}
    state: {size: "2GiB"}
    recovery: {size: 9000, label: COS_RECOVERY}
    persistent: {size: 0, fs: ext4}
  extra-partitions:
    - {name: data, size: 1000, fs: ext2, label: DATA}
    - {name: swap, size: 512, fs: none}
  grub_options: {extra_cmdline: "a=b c", timeout: 5}
  bind_mounts: [/srv/x]
  ephemeral_mounts: [/opt/y]
  env: [A=b=c, EMPTY=]
  grub-entry-name: Mine
kiln: {keep: 3}
strict: true
`)
  assert.deepEqual(
    { ...said, sizes: said.sizes.state },
    {
      auto: true,
      device: '/dev/disk/by-id/x',
      source: 'oci:registry.example/os:v1',
      allowInsecure: false,
      end: 'reboot',
      noFormat: false,
      force: false,
      noUsers: false,
      firmware: 'uefi',
      keep: 3,
      sizes: 2 * GiB,
      extra: [
        { name: 'data', bytes: 1000 * MiB, fs: 'ext4', label: 'DATA' },
        { name: 'swap', bytes: 512 * MiB, fs: 'none', label: undefined },
      ],
      grubOptions: { extra_cmdline: 'a=b c', timeout: '5' },
      bindMounts: ['/srv/x'],
      ephemeralMounts: ['/opt/y'],
      env: { A: 'b=c', EMPTY: '' },
      bundles: [],
      failOnBundles: false,
      registries: {},
      strict: true,
    },
  )
  assert.equal(said.sizes.oem, 100 * MiB)
  assert.equal(said.sizes.persistent, undefined)
  assert.deepEqual(warnings, [
    'install.grub-entry-name has no effect',
    'install.partitions.recovery.size has no effect: recovery is a slot in COS_STATE',
    'install.partitions.recovery.label has no effect',
    'extra partition data becomes ext4 instead of ext2',
  ])
})

test('settings: a later file counts for more, lists grow', () => {
  const { settings: said } = settings(
    'install: {device: /dev/sda, poweroff: true, bind_mounts: [/a], partitions: {oem: {size: 64}}}',
    'install: {device: auto, bind_mounts: [/b, /a], partitions: {state: {size: 4096}}}',
  )
  assert.deepEqual([said.device, said.end, said.bindMounts], ['auto', 'poweroff', ['/a', '/b']])
  assert.deepEqual([said.sizes.oem, said.sizes.state], [64 * MiB, 4 * GiB])
})

for (const [text, message] of [
  ['install: {reboot: true, poweroff: true}', /reboot and install.poweroff/],
  ['install: {source: oci:a, image: oci:b}', /different images/],
  ['install: {encrypted_partitions: [COS_PERSISTENT]}', /encrypted_partitions is not yet supported/],
  ['install: {system: {uri: "oci:x"}}', /install.system/],
  ['install: {partitions: {state: {fs: xfs}}}', /state.fs is xfs; it is always ext4/],
] as const) {
  test(`settings: ${text} is refused`, () => {
    assert.throws(
      () => settings(text),
      (error) =>
        error instanceof InstallError && error.reason === 'bad-config' && message.test(error.message),
    )
  })
}

test('settings: what asks for nothing is not refused', () => {
  assert.deepEqual(settings('install: {encrypted_partitions: [], ssh_hardening: false}').warnings, [])
})

const admins: readonly (readonly [text: string, expected: string])[] = [
  ['users: [{name: a, groups: [admin], passwd: $6$x$y}]', 'a admin in'],
  ['users: [{name: a, groups: "users, admin"}]', 'a admin -'],
  ['users: [{name: a, primary_group: sudo, ssh_authorized_keys: [k]}]', 'a admin in'],
  ['users: [{name: a, groups: [wheel], passwd: $6$x$y, lock_passwd: true}]', 'a admin -'],
  ['users: [{name: a, groups: [users], passwd: $6$x$y}]', 'a - in'],
  ['users: [{name: a, groups: [admin]}]\nssh_authorized_keys: [k]', 'a admin in'],
  ['stages: {boot: [{users: {a: {groups: [admin]}}}], network: [{authorized_keys: {a: [k]}}]}', 'a admin in'],
]

for (const [text, expected] of admins) {
  test(`admins: ${text}`, () => {
    const users = plannedUsers([config(text)]).map(
      ({ name, isAdmin, canLogIn }) => `${name} ${isAdmin ? 'admin' : '-'} ${canLogIn ? 'in' : '-'}`,
    )
    assert.deepEqual(users, [expected])
  })
}

const payload = {
  root: { size: 200 * MiB },
  uki: { size: 30 * MiB },
  kernel: { size: 10 * MiB },
  initramfs: { size: 15 * MiB },
} as Payload

test('layout: sizes that are too small are raised, and that is said', () => {
  const { settings: said } = settings(
    'install: {partitions: {efi: {size: 64}, oem: {size: 64}, state: {size: 100}}}',
  )
  const { request, warnings } = raiseSizes(layoutRequest(said, payload, 'uefi'))
  const { efi = 0, oem, state = 0 } = request.sizes ?? {}
  assert.equal(oem, 64 * MiB)
  // Four slots: two generations, recovery, and one that is being written.
  assert.ok(efi >= 4 * 30 * MiB && state >= 4 * 200 * MiB)
  assert.deepEqual(warnings, [
    `efi: 64 MiB are too little, it gets ${sizeText(efi)}`,
    `state: 100 MiB are too little, it gets ${sizeText(state)}`,
  ])
  assert.ok(leastBytes(request) < 2 * GiB, sizeText(leastBytes(request)))
})

test('layout: an extra partition that cannot be is refused', () => {
  const { settings: said } = settings('install: {extra-partitions: [{name: oem, size: 10}]}')
  assert.throws(
    () =>
      raiseSizes(layoutRequest(said, payload, 'uefi')).request &&
      leastBytes(layoutRequest(said, payload, 'uefi')),
    (error) => error instanceof InstallError && error.reason === 'bad-layout',
  )
})

test('oem: cloud-configs keep their bytes and their order; those of the image stay where they are', () => {
  const files = Array.from({ length: 12 }, (_, index) => ({
    file: `/x/${index}`,
    text: `#cloud-config\nhostname: h${index}\n`,
    config: {},
    inImage: index === 0,
  }))
  const made = configsForOem(files)
  assert.deepEqual(
    made.map(({ name }) => name),
    [...Array.from({ length: 10 }, (_, index) => `${90 + index}_custom.yaml`), '99_custom_010.yaml'],
  )
  assert.deepEqual(
    made.map(({ name }) => name).toSorted(),
    made.map(({ name }) => name),
  )
  assert.deepEqual(made[0], { name: '90_custom.yaml', text: files[1]?.text, mode: 0o600 })
})

test('oem: mounts become a cloud-config that the initramfs understands', () => {
  const [file] = settingsForOem({ bindMounts: ['/srv/a', '/b'], ephemeralMounts: ['/c'], grubOptions: {} })
  assert.equal(file?.name, '10_user_custom_mounts.yaml')
  const result = parseCloudConfig(file?.text ?? '', 'x')
  assert.ok(result.kind === 'parsed')
  assert.deepEqual(result.document.value.stages?.rootfs?.[0]?.files, [
    {
      path: '/run/cos/custom-layout.env',
      permissions: 0o644,
      content: 'CUSTOM_BIND_MOUNTS="/srv/a /b"\nCUSTOM_EPHEMERAL_MOUNTS="/c"\n',
    },
  ])
})

test('oem: nothing is written where nothing is asked for', () =>
  assert.deepEqual(settingsForOem({ bindMounts: [], ephemeralMounts: [], grubOptions: {} }), []))

test("oem: GRUB's environment is a whole number of kibibytes, sorted, with escapes", () => {
  const text = environmentBlock({ b: 'x=y', a: 'back\\slash', ö: 'ü' })
  assert.equal(Buffer.byteLength(text), 1024)
  assert.ok(text.startsWith('# GRUB Environment Block\na=back\\\\slash\nb=x=y\nö=ü\n###'))
  assert.equal(environmentBlock({ long: 'x'.repeat(1500) }).length, 2048)
  const exact = environmentBlock({ a: 'x'.repeat(1024 - '# GRUB Environment Block\na=\n'.length) })
  assert.equal(exact.length, 1024)
})

test('options: what has no effect is said', () => {
  const options = { extra_cmdline: 'a', extra_recovery_cmdline: 'b', saved_entry: '1' }
  assert.deepEqual(optionWarnings(options, 'bios'), [
    'install.grub_options.saved_entry is kept in /oem/grubenv and has no effect',
  ])
  assert.equal(optionWarnings(options, 'uefi').length, 3)
  assert.match(optionWarnings(options, 'hybrid')[0] ?? '', /only when started by BIOS/)
})
