import assert from 'node:assert/strict'
import { test } from 'node:test'
import { main } from '../main.ts'
import { adminConfig, installMachine, listedDisk, type MachineOptions } from '../testkit/install-machine.ts'
import type { DiskWish } from './choose-disk.ts'
import { resolveWish } from './device-wish.ts'
import { InstallError } from './error.ts'
import { type InstallOptions, parseInstallOptions } from './options.ts'

function boot(
  context: Parameters<typeof installMachine>[0],
  words: string,
  install: string,
  options: MachineOptions = {},
) {
  const machine = installMachine(context, {
    config: `${adminConfig}install: ${install}\n`,
    ...options,
    files: {
      '/proc/cmdline': `quiet ${words}\n`,
      '/sys/class/tty/console/active': 'tty0 ttyS0\n',
      ...options.files,
    },
  })
  const code = main({ ...machine.host, args: ['install', '--at-boot'] })
  const installed = machine.calls.some((call) => call.startsWith('sfdisk'))
  const started = machine.calls.filter((call) => call.startsWith('systemctl'))
  return { ...machine, code, installed, started, said: machine.output.join('') }
}

const full = { signatures: { '/dev/vda': ['gpt'] } }

const cases: readonly (readonly [words: string, install: string, installs: boolean, said: RegExp])[] = [
  ['', '{auto: true}', true, /installed in/],
  ['install-mode', '{auto: true}', true, /installed in/],
  ['', '{}', false, /^$/],
  ['install-mode', '{}', false, /has to say install.auto: true/],
  ['nodepair.enable', '{auto: false}', false, /has to say install.auto: true/],
  ['kiln.install=off', '{auto: true}', false, /^$/],
  ['install-mode-interactive', '{auto: true}', false, /^$/],
]

for (const [words, install, installs, said] of cases) {
  test(`at boot: "${words}" and ${install}: ${installs ? 'installs' : 'does not'}`, (context) => {
    const machine = boot(context, words, install, full)
    assert.equal(machine.code, 0, machine.said)
    assert.equal(machine.installed, installs)
    assert.match(machine.said, said)
  })
}

test('at boot: the interactive installer comes on every console', (context) => {
  for (const word of ['install-mode-interactive', 'interactive-install']) {
    assert.deepEqual(boot(context, word, '{}').started, [
      'systemctl --no-block start kiln-install-interactive@tty1.service kiln-install-interactive@ttyS0.service',
    ])
  }
})

test('at boot: an image from elsewhere needs the network first', (context) => {
  const machine = boot(context, '', '{auto: true, source: "https://images.example/x"}', {
    program: ([name]) => (name === 'curl' ? { code: 6 } : undefined),
  })
  assert.equal(machine.started[0], 'systemctl start network-online.target')
  assert.notEqual(machine.code, 0)
  assert.deepEqual(boot(context, '', '{auto: true}').started, [])
})

test('at boot: so do bundles, unless they are on the medium', (context) => {
  const bundle = (more: string) => `{auto: true, bundles: [{targets: ["run:///x.tar"]${more}}]}`
  assert.equal(boot(context, '', bundle('')).started[0], 'systemctl start network-online.target')
  assert.deepEqual(boot(context, '', bundle(', local_file: true')).started, [])
})

test('at boot: a cloud-config that is not understood installs nothing', (context) => {
  const machine = boot(context, '', '{auto: yes please}')
  assert.equal(machine.code, 3)
  assert.match(machine.said, /nothing is installed by itself: .*config.yaml:6:17/s)
  assert.equal(machine.installed, false)
})

test('at boot: a disk that comes late is waited for', (context) => {
  const machine = installMachine(context, {
    disks: [listedDisk('vda'), listedDisk('vdb')],
    config: `${adminConfig}install: {auto: true, device: /dev/disk/by-id/late}\n`,
  })
  let slept = 0
  const host: typeof machine.host = {
    ...machine.host,
    sleep: (ms) => {
      machine.host.sleep(ms)
      slept += ms
      if (slept < 3000 || slept - ms >= 3000) return
      machine.host.mkdir('/dev/disk/by-id', { recursive: true })
      machine.host.symlink('../../vdb', '/dev/disk/by-id/late')
    },
  }
  assert.equal(main({ ...host, args: ['install', '--at-boot'] }), 0, machine.output.join(''))
  assert.ok(machine.calls.some((call) => call.startsWith('sfdisk') && call.endsWith('/dev/vdb')))
})

const wishes: readonly (readonly [given: string, expected: DiskWish | RegExp])[] = [
  ['auto', { kind: 'auto' }],
  ['/dev/vda', { kind: 'named', given: '/dev/vda', path: '/dev/vda' }],
  ['/dev/disk/by-id/x', { kind: 'named', given: '/dev/disk/by-id/x', path: '/dev/vda' }],
  ['/dev/loop', /there is no \/dev\/loop/],
  ['/dev/none', /there is no \/dev\/none/],
  ['vda', /neither auto nor a path/],
  ['script://echo /dev/vda', { kind: 'named', given: '/dev/vda', path: '/dev/vda' }],
  ['script://echo auto', { kind: 'auto' }],
  ['script://fail', /ended with 3: no such rack/],
  ['script://echo sda', /neither auto nor a path/],
]

for (const [given, expected] of wishes) {
  test(`device: ${given}`, (context) => {
    const { host } = installMachine(context, {
      files: { '/dev/disk/by-id/x': '-> ../../vda', '/dev/loop': '-> /dev/loop' },
      program: ([name, , command]) => {
        if (name !== '/bin/sh') return undefined
        if (command === 'fail') return { code: 3, stderr: 'no such rack\n' }
        return { stdout: `${command?.replace('echo ', '')}\n` }
      },
    })
    if (!(expected instanceof RegExp)) return assert.deepEqual(resolveWish(host, given, 0), expected)
    assert.throws(
      () => resolveWish(host, given, 1000),
      (error) => error instanceof InstallError && expected.test(error.message),
    )
  })
}

const none: InstallOptions = {
  yesErase: false,
  dryRun: false,
  json: false,
  interactive: false,
  atBoot: false,
}

const argumentCases: readonly (readonly [args: string, expected: Partial<InstallOptions> | RegExp])[] = [
  ['', {}],
  ['my.yaml --device auto --yes-erase', { config: 'my.yaml', device: 'auto', yesErase: true }],
  ['--source=oci:a/b:c --reboot', { source: 'oci:a/b:c', end: 'reboot' }],
  ['--dry-run --json', { dryRun: true, json: true }],
  ['--progress json', { progress: 'json' }],
  ['--json', /belongs to --dry-run/],
  ['--progress loud', /--progress cannot be "loud"/],
  ['--device', /--device needs a value/],
  ['--device=', /--device cannot be ""/],
  ['--devise /dev/sda', /unknown option "--devise"/],
  ['--yes-erase=no', /unknown option "--yes-erase=no"/],
  ['a.yaml b.yaml', /"b.yaml" is one cloud-config too many/],
  ['--reboot --poweroff', /exclude each other/],
  ['--interactive --progress json', /exclude each other/],
]

for (const [args, expected] of argumentCases) {
  test(`arguments: ${args || 'none'}`, () => {
    const read = parseInstallOptions(args.split(' ').filter(Boolean))
    if (expected instanceof RegExp) assert.match(String(read), expected)
    else assert.deepEqual(read, { ...none, ...expected })
  })
}

test('arguments: what is not understood ends with 2 and the help', (context) => {
  const { host, output } = installMachine(context)
  assert.equal(main({ ...host, args: ['install', '--devise'] }), 2)
  assert.match(output.join(''), /unknown option.*--yes-erase/s)
  assert.equal(main({ ...host, args: ['install', '--help'] }), 0)
})
