import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newestRecord } from '@kiln/contract'
import { main } from '../main.ts'
import {
  adminConfig,
  diskBytes,
  type InstallMachine,
  installMachine,
  listedDisk,
  type MachineOptions,
} from '../testkit/install-machine.ts'

type Context = Parameters<typeof installMachine>[0]

function install(
  context: Context,
  { args = ['--yes-erase'], ...options }: MachineOptions & { readonly args?: readonly string[] } = {},
) {
  const machine = installMachine(context, options)
  const code = main({ ...machine.host, args: ['install', ...args] })
  return { ...machine, code, said: machine.output.join('') }
}

function config(install: string, rest = ''): string {
  return `${adminConfig}install: ${install}\n${rest}`
}

/** Programs that write to the disk, by name. */
function writers({ calls }: InstallMachine): string[] {
  const names = calls.map((call) => call.split(' ')[0] ?? '')
  return names.filter((name) => ['sfdisk', 'mke2fs', 'mkfs.vfat'].includes(name))
}

function recordOf(machine: InstallMachine) {
  const texts = ['record.0.json', 'record.1.json'].map((name) => `/run/cos/state/kiln/${name}`)
  return newestRecord(texts.map((path) => (machine.has(path) ? machine.read(path) : undefined)))
}

test('install: UEFI, from the medium to a disk that starts', (context) => {
  const machine = install(context)
  assert.equal(machine.code, 0, machine.said)
  const { payload, read, host } = machine
  const slot = payload.root.rootHash
  assert.deepEqual(host.list('/run/cos/state/slots'), [slot])
  assert.deepEqual(host.list(`/run/cos/state/slots/${slot}`), [
    'grub-boot.img',
    'grub-core.img',
    'packages.json',
    'payload.json',
    'root.img',
    'systemd-boot.efi',
  ])
  assert.ok(machine.has('/run/cos/efi/EFI/BOOT/BOOTX64.EFI'))
  assert.ok(machine.has(`/run/cos/efi/EFI/kiln/${slot}.efi`))
  assert.deepEqual(host.list('/run/cos/efi/loader/entries'), ['kiln-1+3.conf', 'kiln-recovery.conf'])
  assert.equal(read('/run/cos/oem/90_custom.yaml'), adminConfig)
  assert.equal(host.stat('/run/cos/oem/90_custom.yaml').mode, 0o600)
  const record = recordOf(machine)
  assert.equal(record?.keep, 2)
  assert.equal(record?.operation, undefined)
  const { image } = payload
  assert.deepEqual(
    record?.generations.map(({ made, ...rest }) => rest),
    [{ number: 1, slot, image, source: 'live:COS_LIVE', status: 'armed' }],
  )
  assert.equal(record?.recovery?.slot, slot)
})

test('install: sfdisk gets the plan with identities of this machine alone', (context) => {
  const { inputs } = install(context)
  const script = inputs.get('sfdisk') ?? ''
  const ids = [...script.matchAll(/(?:label-id: |uuid=)([0-9A-F-]{36})/g)].map(([, id]) => id)
  assert.equal(ids.length, 5)
  assert.equal(new Set(ids).size, 5)
  assert.match(script, /^1 : start=2048, size=\d+, type=C12A7328/m)
})

test('install: BIOS, with GRUB in the first sector and its partition', (context) => {
  const machine = install(context, { firmware: 'bios' })
  assert.equal(machine.code, 0, machine.said)
  const { host, payload, inputs } = machine
  const slot = payload.root.rootHash
  assert.ok(!machine.has('/run/cos/efi/EFI/BOOT/BOOTX64.EFI'))
  assert.ok(machine.has(`/run/cos/efi/kiln/${slot}/kernel`))
  assert.match(machine.read('/run/cos/efi/kiln/grub/grubenv'), /^trial=1$/m)
  assert.match(inputs.get('sfdisk') ?? '', /^1 : start=2048, size=2048, type=21686148/m)
  const sector = host.readBytes('/dev/vda', 0, 512)
  assert.equal(new DataView(sector.slice().buffer).getBigUint64(0x5c, true), 2048n)
  assert.equal(host.readBytes('/dev/vda', 2048 * 512, 3).length, 3)
})

test('install: a disk for both', (context) => {
  const machine = install(context, { config: config('{firmware: hybrid}') })
  assert.equal(machine.code, 0, machine.said)
  assert.ok(machine.has('/run/cos/efi/EFI/BOOT/BOOTX64.EFI'))
  assert.ok(machine.has('/run/cos/efi/kiln/grub/grubenv'))
})

test('install: an image without a loader for the firmware is refused before anything is written', (context) => {
  const folder = '/run/initramfs/live/payload/payload.json'
  const machine = installMachine(context, { firmware: 'bios' })
  const payload = JSON.parse(machine.read(folder))
  payload.bootLoader.files = payload.bootLoader.files.slice(0, 1)
  machine.host.write(folder, JSON.stringify(payload))
  assert.equal(main({ ...machine.host, args: ['install', '--yes-erase'] }), 3)
  assert.match(machine.output.join(''), /has no grub-boot.img and grub-core.img/)
  assert.deepEqual(writers(machine), [])
})

const full: MachineOptions = {
  disks: [
    listedDisk('vda', {
      pttype: 'gpt',
      children: [
        { name: 'vda1', path: '/dev/vda1', type: 'part', size: 1e9, fstype: 'ntfs', label: 'Windows' },
      ],
    }),
  ],
  signatures: { '/dev/vda': ['gpt', 'PMBR'] },
}

const consents: readonly (readonly [what: string, args: string[], install: string, code: number])[] = [
  ['nobody agreed', [], '{}', 2],
  ['--yes-erase', ['--yes-erase'], '{}', 0],
  ['install.auto', [], '{auto: true}', 0],
  ['install.auto, device in the file', [], '{auto: true, device: /dev/vda}', 0],
  ['install.auto, but another device on the command line', ['--device', '/dev/vda'], '{auto: true}', 2],
  ['--yes-erase and a device', ['--device=/dev/vda', '--yes-erase'], '{}', 0],
]

for (const [what, args, text, code] of consents) {
  test(`install: a disk that is not empty: ${what}`, (context) => {
    const machine = install(context, { ...full, args, config: config(text) })
    assert.equal(machine.code, code, machine.said)
    if (code === 0) return
    assert.deepEqual(writers(machine), [])
    assert.match(machine.said, /\/dev\/vda has gpt; \/dev\/vda1: ntfs "Windows", 954 MiB/)
  })
}

test('install: an empty disk needs no consent', (context) => {
  assert.equal(install(context, { args: [] }).code, 0)
})

const admins: readonly (readonly [what: string, config: string, code: number])[] = [
  ['none', '#cloud-config\nhostname: x\n', 3],
  ['one without rights', '#cloud-config\nusers: [{name: a, passwd: $6$x$y}]\n', 3],
  ['none, which is meant', '#cloud-config\ninstall: {nousers: true}\n', 0],
  ['one of a stage', '#cloud-config\nstages: {boot: [{users: {a: {groups: [admin], passwd: $6$x$y}}}]}\n', 0],
]

for (const [what, text, code] of admins) {
  test(`install: administrators: ${what}`, (context) => {
    const machine = install(context, { config: text })
    assert.equal(machine.code, code, machine.said)
    if (code !== 0) assert.deepEqual(writers(machine), [])
  })
}

test('install: a cloud-config that is not understood stops it, with the place', (context) => {
  const machine = install(context, { config: config('{devise: auto}') })
  assert.equal(machine.code, 3)
  assert.match(machine.said, /config\.yaml:6:11: unknown key "devise" in install: did you mean "device"/)
  assert.deepEqual(writers(machine), [])
})

test('install: hooks run in their places, with the environment', (context) => {
  const hook = (name: string) => `[{name: ${name}, commands: ["echo ${name}"]}]`
  const names = [
    'kairos-install.pre',
    'kairos-uki-install.pre',
    'before-install',
    'after-install',
    'kairos-install.after',
    'kairos-uki-install.after',
    'after-install-chroot',
  ]
  const machine = install(context, {
    config: config('{env: [A=1]}', `stages: {${names.map((name) => `${name}: ${hook(name)}`).join(', ')}}\n`),
  })
  assert.equal(machine.code, 0, machine.said)
  const order = machine.calls.flatMap((call) => {
    const echoed = call.match(/^\/bin\/sh -c echo (.*)$/)?.[1]
    return (
      echoed ??
      call
        .match(/^(sfdisk|unmount \/run\/cos\/state|cp .*root\.img|cp .*KILNNEW)/)?.[1]
        ?.replace(/ .*\//, ' ') ??
      []
    )
  })
  assert.deepEqual(order, [
    'kairos-install.pre',
    'kairos-uki-install.pre',
    'sfdisk',
    'before-install',
    'cp root.img',
    'after-install',
    'cp KILNNEW',
    'unmount state',
    'kairos-install.after',
    'kairos-uki-install.after',
  ])
  assert.match(machine.said, /stages.after-install-chroot has no effect/)
})

test('install: a hook that fails stops nothing, unless the configuration is strict', (context) => {
  const text = 'stages: {before-install: [{commands: ["false"]}]}\n'
  const program: MachineOptions['program'] = ([name], _) => (name === '/bin/sh' ? { code: 1 } : undefined)
  const lax = install(context, { config: config('{}', text), program })
  assert.equal(lax.code, 0)
  assert.match(lax.said, /note: a step of before-install failed/)
  const strict = install(context, { config: config('{}', `${text}strict: true\n`), program })
  assert.equal(strict.code, 3)
  assert.ok(!strict.has('/run/cos/efi/EFI/BOOT/BOOTX64.EFI'))
})

test('install: the refusal file of a hook stops it, with its reason', (context) => {
  const machine = install(context, { files: { '/run/cos/fail_installation': 'wrong rack\n' } })
  assert.equal(machine.code, 3)
  assert.match(machine.said, /a hook stopped the installation: \/run\/cos\/fail_installation: wrong rack/)
  assert.deepEqual(
    machine.calls.filter((call) => call.startsWith('unmount')),
    ['unmount /run/cos/persistent', 'unmount /run/cos/efi', 'unmount /run/cos/oem', 'unmount /run/cos/state'],
  )
})

for (const [text, args, command] of [
  ['{reboot: true}', [], 'reboot'],
  ['{poweroff: true}', [], 'poweroff'],
  ['{poweroff: true}', ['--reboot'], 'reboot'],
  ['{}', [], undefined],
] as const) {
  test(`install: ${text} ${args} ends with ${command ?? 'nothing'}`, (context) => {
    const { calls, code } = install(context, { config: config(text), args })
    assert.equal(code, 0)
    const ends = calls.filter((call) => call.startsWith('systemctl'))
    assert.deepEqual(ends, command ? [`systemctl --no-block ${command}`] : [])
  })
}

test('install: what the settings leave on COS_OEM', (context) => {
  const machine = install(context, {
    firmware: 'bios',
    config: config('{bind_mounts: [/srv/x], grub_options: {extra_cmdline: a=b}}'),
  })
  assert.equal(machine.code, 0, machine.said)
  assert.deepEqual(machine.host.list('/run/cos/oem'), [
    '10_user_custom_mounts.yaml',
    '90_custom.yaml',
    'grubenv',
  ])
  assert.match(machine.read('/run/cos/efi/kiln/gen-1.cfg'), /quiet a=b/)
})

test('install: another image than that of the medium', (context) => {
  const machine = installMachine(context)
  for (const name of machine.host.list('/run/initramfs/live/payload')) {
    machine.host.mkdir('/mnt/other', { recursive: true })
    machine.host.rename(`/run/initramfs/live/payload/${name}`, `/mnt/other/${name}`)
  }
  machine.host.rename('/run/kiln/medium-efi/EFI/Linux/sample.efi', '/mnt/other/boot.efi')
  assert.equal(main({ ...machine.host, args: ['install'] }), 3)
  assert.match(machine.output.join(''), /there is nothing to install/)
  assert.equal(
    main({ ...machine.host, args: ['install', '--source', 'dir:/mnt/other'] }),
    0,
    machine.output.join(''),
  )
  assert.equal(recordOf(machine)?.generations[0]?.source, 'dir:/mnt/other')
})

test('install: an image for another architecture is refused', (context) => {
  const machine = install(context, {
    program: ([name]) => (name === 'uname' ? { stdout: 'aarch64\n' } : undefined),
  })
  assert.equal(machine.code, 3)
  assert.match(machine.said, /is for amd64, this machine is arm64/)
})

test('install: a disk that is too small is refused with the sum', (context) => {
  const small = { disks: [listedDisk('vda', { size: 400e6 })], args: ['--device', '/dev/vda'] }
  const machine = install(context, small)
  assert.equal(machine.code, 6)
  assert.match(machine.said, /the disk is too small: .*are needed .*COS_GRUB .*\+ COS_OEM/)
  assert.deepEqual(writers(machine), [])
})

test('install: --dry-run writes nothing and shows the sum', (context) => {
  const machine = install(context, { ...full, args: ['--dry-run'] })
  assert.equal(machine.code, 0)
  assert.deepEqual(writers(machine), [])
  assert.deepEqual(
    machine.calls.filter((call) => call.startsWith('mount')),
    [],
  )
  assert.match(machine.said, /to \/dev\/vda, 4 GiB \(the only disk that can be taken\), to start by UEFI/)
  assert.match(machine.said, /The smallest disk has .*:\n {2,}1 MiB {2}partition table/)
  assert.match(machine.said, /This is lost:\n {2}gpt\n {2}\/dev\/vda1: ntfs "Windows"/)
  assert.match(machine.said, /\n +1\. erase the disk/)
})

test('install: --dry-run --json has no secrets', (context) => {
  const text = adminConfig.replace('ssh_authorized_keys: [ssh-ed25519 AAAA ann]', 'passwd: $6$secret$hash')
  const machine = install(context, { args: ['--dry-run', '--json'], config: text })
  assert.equal(machine.code, 0)
  assert.doesNotMatch(machine.said, /secret/)
  const outline = JSON.parse(machine.said)
  assert.equal(outline.schema, 'kiln.install-plan/v1')
  assert.deepEqual(
    [outline.device.path, outline.device.bytes, outline.firmware],
    ['/dev/vda', diskBytes, 'uefi'],
  )
  const { minimumBytes, explanation } = outline.layout
  assert.equal(
    explanation.reduce((sum: number, { bytes }: { bytes: number }) => sum + bytes, 0),
    minimumBytes,
  )
})

test('install: progress as JSON lines, and nothing else on the output', (context) => {
  const machine = install(context, { args: ['--progress', 'json'] })
  const events = machine.said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual([events[0].event, events[0].schema], ['start', 'kiln.install-progress/v1'])
  assert.equal(events.at(-1).event, 'done')
  const root = events.filter(({ event, file }) => event === 'bytes' && file === 'root.img')
  assert.deepEqual([root.at(-1).done, root.at(-1).total], [300_000, 300_000])
  assert.equal(events.filter(({ event }) => event === 'step').length, events[0].steps)
})

test('install: what hooks say does not get into the progress', (context) => {
  const machine = installMachine(context, {
    config: config('{}', 'stages: {before-install: [{commands: [noise]}]}\n'),
    program: ([name]) => (name === '/bin/sh' ? { stdout: 'noise\n' } : undefined),
  })
  const errors: string[] = []
  const host = { ...machine.host, printError: (text: string) => void errors.push(text) }
  assert.equal(main({ ...host, args: ['install', '--progress', 'json'] }), 0)
  for (const line of machine.output.join('').trim().split('\n')) assert.ok(JSON.parse(line).event)
  assert.match(errors.join(''), /noise/)
})

test("install: the field's progress", (context) => {
  const machine = installMachine(context)
  const env = (name: string) => (name === 'KAIROS_AGENT_PROGRESS' ? '1' : undefined)
  assert.equal(main({ ...machine.host, env, args: ['install'] }), 0)
  const steps = machine.output.map((line) => JSON.parse(line).step)
  assert.deepEqual(steps, ['partition', 'active', 'bootloader', 'recovery', 'bootloader', 'done'])
  machine.output.length = 0
  assert.equal(main({ ...machine.host, env, args: ['install', '--device', '/dev/none'] }), 6)
  const { event, message } = JSON.parse(machine.output.join(''))
  assert.equal(event, 'error')
  assert.match(message, /there is no \/dev\/none/)
})

test('install: mounts that a killed installation left are taken away', (context) => {
  const machine = install(context, {
    files: {
      '/proc/self/mounts': '/dev/vda3 /run/cos/state ext4 rw 0 0\n/dev/vda1 /run/cos/efi vfat rw 0 0\n',
    },
  })
  assert.deepEqual(machine.calls.slice(0, 2), ['unmount /run/cos/efi', 'unmount /run/cos/state'])
})

test('install: only one at a time', (context) => {
  const machine = installMachine(context)
  machine.host.mkdir('/run/kiln', { recursive: true })
  const host = { ...machine.host, lock: () => undefined }
  assert.equal(main({ ...host, args: ['install'] }), 6)
  assert.deepEqual(writers(machine), [])
})

test('install: a bundle that fails is told, and stops nothing', (context) => {
  const machine = install(context, { config: config('{bundles: [{targets: ["package://utils/x"]}]}') })
  assert.equal(machine.code, 0)
  assert.match(machine.said, /packages of luet are not known here/)
  assert.ok(machine.has('/run/cos/efi/EFI/BOOT/BOOTX64.EFI'))
})

test('install: with fail_on_bundles_errors it stops the installation, before the disk starts', (context) => {
  const bundles = '{bundles: [{targets: ["container://x/y"], rootfs_path: /opt/y}]}'
  const machine = install(context, { config: config(bundles, 'fail_on_bundles_errors: true\n') })
  assert.equal(machine.code, 3, machine.said)
  assert.match(machine.said, /bundle-failed|a bundle could not be brought/)
  assert.match(machine.said, /only what is below \/usr\/local and \/oem is kept, and not \/opt\/y/)
  assert.ok(!machine.has('/run/cos/efi/EFI/BOOT/BOOTX64.EFI'))
})
