import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { fail } from '@kiln/contract'
import { withLifecycleLock } from '../lifecycle/lock.ts'
import { changeRecord, openNode } from '../lifecycle/node.ts'
import { main } from '../main.ts'
import { type InstalledNode, installedNode } from '../testkit/installed-node.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import { valueAt, valueText } from './value-at.ts'

function node(context: TestContext): InstalledNode {
  const made = installedNode(context, 'uefi')
  const { host } = made
  host.mkdir('/run/cos', { recursive: true })
  host.write('/run/cos/active_mode', '')
  host.mkdir('/etc', { recursive: true })
  host.write('/etc/kairos-release', 'KAIROS_NAME=box\nKAIROS_VERSION=v1\nKAIROS_FLAVOR="debian"\n')
  host.mkdir('/proc/self', { recursive: true })
  host.write(
    '/proc/self/mountinfo',
    [
      '31 30 8:3 / /oem rw,relatime - ext4 /dev/sda3 rw',
      '32 30 8:4 / /run/initramfs/cos-state ro,relatime shared:2 - ext4 /dev/sda4 rw',
      '33 30 8:5 /.state/home.bind /home rw - ext4 /dev/sda5 rw',
      '34 30 8:5 / /usr/local rw - ext4 /dev/sda5 rw',
      '',
    ].join('\n'),
  )
  made.calls.length = 0
  return made
}

function run(own: Pick<InstalledNode, 'host' | 'output'>, ...args: readonly string[]) {
  own.output.length = 0
  const code = main({ ...own.host, args: ['state', ...args] })
  return { code, output: own.output.join('') }
}

describe('state', () => {
  for (const [path, expected] of [
    ['kairos.flavor', 'debian'],
    ['kairos.version', 'v1'],
    ['boot', 'active_boot'],
    ['oem.found', 'true'],
    ['oem.mounted', 'true'],
    ['oem.mount_point', '/oem'],
    ['oem.read_only', 'false'],
    ['state.read_only', 'true'],
    ['persistent.mounted', 'true'],
    ['persistent.mount_point', '/usr/local'],
    ['persistent.name', '/dev/sda5'],
    ['recovery.found', 'true'],
    ['.generations[0].status', 'good'],
    ['generations.0.running', 'true'],
    ['generation', '1'],
    ['disk.device', '/dev/sda'],
  ] as const) {
    test(`get ${path} is ${expected}`, (context) => {
      const own = node(context)
      assert.deepEqual(run(own, 'get', path), { code: 0, output: `${expected}\n` })
      assert.deepEqual(run(own, path), { code: 0, output: `${expected}\n` })
    })
  }

  test('a path that leads nowhere is an error without output for scripts', (context) => {
    const { code, output } = run(node(context), 'get', 'oem.colour')
    assert.deepEqual([code, output], [1, 'kiln-agent: there is no oem.colour in the state\n'])
    assert.equal(run(node(context), 'a', 'b').code, 2)
  })

  test('the table has generations, why one was given up, and what is on the disk', (context) => {
    const own = node(context)
    changeRecord(openNode(own.host), (record) => {
      const [first] = record.generations
      if (!first) return record
      const failure = { reason: 'not-healthy', at: '2026-01-03T00:00:00Z', detail: 'unit x is failed' }
      return fail({ ...record, generations: [first, { ...first, number: 2 }] }, 2, failure)
    })
    const { code, output } = run(own)
    assert.equal(code, 0)
    assert.match(output, /^Node +box v1, active, generation 1$/m)
    assert.match(output, /^Last failure +generation 2, 2026-01-03T00:00:00Z: not-healthy: unit x is failed$/m)
    assert.match(output, /^ {2}COS_OEM +\/dev\/sda3, 64 MiB, .*\/oem$/m)
    assert.match(output, /^ +2 +bad +v1 +[0-9a-f]{12} .* not-healthy: unit x is failed$/m)
    assert.match(output, /^\* +1 +good +v1 /m)
  })

  test('while an operation works on the EFI partition, it is left alone', (context) => {
    const own = node(context)
    withLifecycleLock(own.host, 'upgrade', () => {
      const { code, output } = run(own, '--json')
      assert.equal(code, 0)
      const state = JSON.parse(output)
      assert.equal(state.generations.length, 1)
      assert.equal(state.bootLoader, undefined)
      assert.match(state.problems.join(), /Running: upgrade/)
    })
    assert.deepEqual(
      own.calls.filter((call) => call.includes('mount')),
      [],
    )
    assert.equal(JSON.parse(run(own, '--json').output).bootLoader.entries.length, 2)
  })

  test('a damaged record is a note, not a failure', (context) => {
    const own = node(context)
    own.host.write('/run/initramfs/cos-state/kiln/record.0.json', 'x')
    own.host.write('/run/initramfs/cos-state/kiln/record.1.json', 'x')
    const { code, output } = run(own)
    assert.equal(code, 0)
    assert.match(output, /^note: record\.0\.json is not JSON/m)
  })

  test('a live medium has a state, too', (context) => {
    const rooted = rootedHost(context, {
      '/run/cos/live_mode': '',
      '/run/kiln/boot.json': '{"mode":"live","rootHash":"ab","medium":"/dev/sr0"}',
    })
    const { code, output } = run(rooted, '--json')
    assert.equal(code, 0)
    const { mode, boot, started, problems } = JSON.parse(output)
    assert.deepEqual([mode, boot, started.rootHash, problems], ['live', 'livecd_boot', 'ab', []])
  })
})

test('values: texts bare, everything else as JSON', () => {
  const value = { a: { b: [1, { C: 'x' }] }, none: null }
  for (const [path, expected] of [
    ['a.b[0]', '1'],
    ['.a.b.1.c', 'x'],
    ['none', 'null'],
    ['', JSON.stringify(value, undefined, 2)],
    ['a.b[9]', 'undefined'],
    ['a.b.length', '2'],
    ['a.toString', 'undefined'],
  ] as const) {
    assert.equal(valueText(valueAt(value, path)), expected, path)
  }
})
