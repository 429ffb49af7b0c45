import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import { main } from '../main.ts'
import { installMachine, listedDisk, type MachineOptions } from '../testkit/install-machine.ts'
import { userConfig } from './ask-user.ts'

const key = `ssh-ed25519 ${'A'.repeat(68)} me@here`
const two = [
  listedDisk('vda', { pttype: 'gpt', children: [] }),
  listedDisk('vdb', { model: 'Fast', serial: 'S1' }),
  listedDisk('sda', { rm: true, size: 1e9 }),
]

function interactive(
  context: Parameters<typeof installMachine>[0],
  answers: readonly string[],
  options: MachineOptions & { readonly args?: readonly string[] } = {},
) {
  const machine = installMachine(context, {
    disks: two,
    signatures: { '/dev/vda': ['gpt'] },
    config: '#cloud-config\nhostname: box\n',
    ...options,
    files: { '/dev/stdin': answers.map((answer) => `${answer}\n`).join(''), ...options.files },
  })
  const code = main({ ...machine.host, args: ['install', '--interactive', ...(options.args ?? [])] })
  return { ...machine, code, said: machine.output.join('') }
}

test('interactive: disk, password, summary, confirmation', (context) => {
  const machine = interactive(context, ['2', 'ann', 'secret', 'secret', '', 'n', 'vdb'])
  assert.equal(machine.code, 0, machine.said)
  assert.match(machine.said, /1 {2}\/dev\/vda, 4 GiB \(holds gpt, 0 partitions\)/)
  assert.match(machine.said, /2 {2}\/dev\/vdb, 4 GiB, Fast S1 \(empty\)/)
  assert.match(machine.said, /3 {2}\/dev\/sda, 954 MiB \(empty, can be taken out\)/)
  assert.match(machine.said, /to \/dev\/vdb, .* to start by UEFI/)
  assert.doesNotMatch(machine.said, /secret/)
  assert.ok(
    machine.calls.includes('sfdisk --quiet --lock=yes --wipe never --wipe-partitions always /dev/vdb'),
  )
  assert.equal(machine.inputs.get('openssl'), 'secret\n')
  assert.ok(!machine.calls.some((call) => call.includes('secret')))
  assert.deepEqual(machine.host.list('/run/cos/oem'), ['90_custom.yaml', '91_custom.yaml'])
  const made = machine.read('/run/cos/oem/91_custom.yaml')
  assert.match(made, /groups: \["admin","sudo"\]\n {4}passwd: "\$6\$salt\$/)
  assert.ok(!machine.calls.some((call) => call.startsWith('systemctl')))
})

test('interactive: what does not fit is asked again', (context) => {
  const answers = [
    '9',
    '/dev/vdb',
    'Ann B',
    '',
    'one',
    'two',
    '',
    'no key',
    '',
    '',
    key,
    'x',
    'p',
    'sda',
    'vdb',
  ]
  const machine = interactive(context, answers)
  assert.equal(machine.code, 0, machine.said)
  assert.match(machine.said, /"9" is none of them/)
  assert.match(machine.said, /A name has small letters/)
  assert.match(machine.said, /These are not the same/)
  assert.match(machine.said, /not the line of a public key/)
  assert.match(machine.said, /nobody could log in/)
  const made = machine.read('/run/cos/oem/91_custom.yaml')
  assert.match(made, /name: "kairos"/)
  assert.ok(made.includes(key) && !made.includes('passwd'))
  assert.ok(machine.calls.includes('systemctl --no-block poweroff'))
})

test('interactive: the cloud-config may have an administrator and say what comes after', (context) => {
  const config =
    '#cloud-config\nusers: [{name: bob, groups: [admin], passwd: $6$a$b}]\ninstall: {reboot: true}\n'
  const machine = interactive(context, ['vdb', '', '/dev/vdb'], { config })
  assert.equal(machine.code, 0, machine.said)
  assert.match(machine.said, /The cloud-config makes bob/)
  assert.deepEqual(machine.host.list('/run/cos/oem'), ['90_custom.yaml'])
  assert.ok(machine.calls.includes('systemctl --no-block reboot'))
})

const calledOff: readonly (readonly [what: string, answers: string[]])[] = [
  ['the end of the input', ['2', 'ann']],
  ['an empty confirmation', ['1', 'ann', 'x', 'x', '', 'r', '']],
  ['another name three times', ['1', 'ann', 'x', 'x', '', 'r', 'yes', 'y', 'vdb']],
]

for (const [what, answers] of calledOff) {
  test(`interactive: ${what} calls it off`, (context) => {
    const machine = interactive(context, answers)
    assert.equal(machine.code, 130)
    assert.match(machine.said, /called off/)
    assert.ok(!machine.calls.some((call) => /^(sfdisk|mount|mke2fs)/.test(call)))
  })
}

test('interactive: no disk is enough for a message, and at boot it waits until that was read', (context) => {
  const machine = interactive(context, ['', 'more'], { disks: [], args: ['--at-boot'] })
  assert.equal(machine.code, 6)
  assert.match(machine.said, /The machine has no disk.*Press Enter/s)
})

test('interactive: echo is off while a password is typed, and on again', (context) => {
  const machine = interactive(context, ['2', 'ann', 'secret', 'secret', '', 'n', 'vdb'], {
    files: { '/proc/self/fd/0': '-> /dev/tty1', '/dev/tty1': '' },
  })
  // A plain file is no terminal, so nothing is switched.
  assert.ok(!machine.calls.some((call) => call.startsWith('stty')))
  const terminal = installMachine(context, {
    disks: two,
    config: '#cloud-config\n',
    files: { '/dev/stdin': '2\nann\nsecret\nsecret\n\nn\nvdb\n' },
  })
  const host: typeof terminal.host = {
    ...terminal.host,
    readlink: (path) => (path === '/proc/self/fd/0' ? '/dev/tty1' : terminal.host.readlink(path)),
    stat: (path) =>
      path === '/dev/tty1'
        ? { ...terminal.host.stat('/proc/cmdline'), type: 'character' }
        : terminal.host.stat(path),
  }
  assert.equal(main({ ...host, args: ['install', '--interactive'] }), 0)
  assert.deepEqual(
    terminal.calls.filter((call) => call.startsWith('stty')),
    ['-echo', 'echo', '-echo', 'echo'].map((mode) => `stty -F /dev/tty1 ${mode}`),
  )
})

test('interactive: whatever is typed stays one value', () => {
  const text = userConfig({ name: 'a', groups: ['admin'], password: '$6$"}: #\n', key: `${key}"]` })
  const result = parseCloudConfig(text, 'x')
  assert.ok(result.kind === 'parsed')
  assert.deepEqual(result.document.value.users, [
    { name: 'a', groups: ['admin'], passwd: '$6$"}: #\n', ssh_authorized_keys: [`${key}"]`] },
  ])
})
