import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { fail } from '@kiln/contract'
import { exists } from '../host/tree.ts'
import { main } from '../main.ts'
import { recordOf, startOf } from '../testkit/firmware.ts'
import { type InstalledNode, installedNode } from '../testkit/installed-node.ts'
import { armGeneration } from './arm.ts'
import { withLifecycleLock } from './lock.ts'
import { changeRecord, openNode } from './node.ts'
import { withLoader } from './open-loader.ts'
import { entryOfName } from './recovery.ts'

const loader = 'LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f'

function run(node: InstalledNode, ...args: readonly string[]): { code: number; output: string } {
  node.output.length = 0
  return { code: main({ ...node.host, args }), output: node.output.join('') }
}

/** Generation 2 is good and runs; recovery and generation 1 are v1. */
function upgraded(context: TestContext): InstalledNode {
  const node = installedNode(context, 'uefi', (argv) => {
    return argv[0] === 'systemctl' && argv[1] === 'is-active' ? { stdout: 'active\n' } : undefined
  })
  addGeneration(node, 'v2')
  return node
}

function addGeneration(node: InstalledNode, version: string): void {
  const payload = node.addSlot(version)
  const slot = payload.root.rootHash
  const open = openNode(node.host)
  const { number } = withLoader(node.host, open.disk, 'write', (each) =>
    armGeneration(open, each, { slot, payload, source: `oci:r/box:${version}` }),
  )
  node.boot({ mode: 'active', generation: number, slot })
  assert.equal(run(node, 'reconcile').code, 0)
  assert.equal(run(node, 'health').code, 0)
}

function oneShot(node: InstalledNode): string {
  const path = `/sys/firmware/efi/efivars/${loader}`
  return Buffer.from(node.host.readBytes(path, 4, 100))
    .toString('utf16le')
    .replace('\0', '')
}

describe('rollback', () => {
  test('takes the good one before, as a new generation', (context) => {
    const node = upgraded(context)
    const { code, output } = run(node, 'rollback')
    assert.equal(code, 0)
    assert.match(output, /Generation 3 is generation 1 \(v1\) again/)
    const [, , third] = recordOf(node).generations
    assert.deepEqual([third?.status, third?.rolledBackTo, third?.source], ['armed', 1, 'generation:1'])
    assert.deepEqual([startOf(node).entry, startOf(node).version], ['kiln-3', 'v1'])
  })

  test('twice is the same as once', (context) => {
    const node = upgraded(context)
    run(node, 'rollback')
    assert.equal(run(node, 'rollback', '1').code, 0)
    assert.equal(recordOf(node).generations.length, 3)
  })

  test('once changes nothing but the next start', (context) => {
    const node = upgraded(context)
    const before = recordOf(node)
    assert.equal(run(node, 'rollback', '1', '--once', '--reboot').code, 0)
    assert.deepEqual(recordOf(node), before)
    assert.equal(oneShot(node), 'kiln-1.conf')
    assert.equal(node.calls.at(-1), 'systemctl --no-block reboot')
  })

  for (const [args, expected] of [
    [['2'], /is the one that runs/],
    [['7'], /"7" is none of 1, 2/],
    [['x'], /"x" is none of 1, 2/],
  ] as const) {
    test(`to ${args[0]} is refused`, (context) => {
      const node = upgraded(context)
      const { code, output } = run(node, 'rollback', ...args)
      assert.notEqual(code, 0)
      assert.match(output, expected)
      assert.equal(startOf(node).entry, 'kiln-2')
    })
  }

  test('to a damaged slot is refused before anything is written', (context) => {
    const node = upgraded(context)
    const [first] = recordOf(node).generations
    node.host.write(`/run/initramfs/cos-state/slots/${first?.slot}/root.img`, 'flipped')
    const { code, output } = run(node, 'rollback')
    assert.notEqual(code, 0)
    assert.match(output, /root\.img was changed/)
    assert.equal(recordOf(node).generations.length, 2)
  })

  test('does not wait for ever where another operation runs, and says which', (context) => {
    const node = upgraded(context)
    withLifecycleLock(node.host, 'upgrade', () => {
      const { code, output } = run(node, 'rollback')
      assert.notEqual(code, 0)
      assert.match(output, /Running: upgrade.* since /)
    })
    assert.equal(run(node, 'rollback').code, 0)
  })
})

describe('recovery and boot entries', () => {
  test('recovery is asked for once', (context) => {
    const node = upgraded(context)
    assert.equal(run(node, 'recovery').code, 0)
    assert.equal(oneShot(node), 'kiln-recovery.conf')
  })

  test('boot entries are listed and chosen by the names of the field', (context) => {
    const node = upgraded(context)
    assert.deepEqual(run(node, 'bootentry').output.trim().split('\n').toSorted(), [
      'kiln-1',
      'kiln-2',
      'kiln-recovery',
    ])
    assert.equal(run(node, 'bootentry', '--select', 'passive').code, 0)
    assert.equal(oneShot(node), 'kiln-1.conf')
    assert.notEqual(run(node, 'bootentry', '-s', 'statereset').code, 0)
  })

  for (const [name, expected] of [
    ['active', 'kiln-10'],
    ['cos', 'kiln-10'],
    ['passive', 'kiln-9'],
    ['fallback', 'kiln-9'],
    ['recovery', 'kiln-recovery'],
    ['9', 'kiln-9'],
    ['kiln-2', 'kiln-2'],
    ['kiln-3', undefined],
    ['toString', undefined],
  ] as const) {
    test(`"${name}" is ${expected}`, () => {
      assert.equal(entryOfName(name, ['kiln-2', 'kiln-9', 'kiln-recovery', 'kiln-10']), expected)
    })
  }

  test('a node without a recovery system says so', (context) => {
    const node = installedNode(context, 'uefi')
    node.host.remove('/run/initramfs/cos-state/kiln', { recursive: true })
    for (const verb of [['recovery'], ['reset', '--yes']]) {
      const { code, output } = run(node, ...verb)
      assert.notEqual(code, 0)
      assert.match(output, /upgrade --recovery/)
    }
  })
})

describe('reset', () => {
  test('asks for consent, and says what is lost', (context) => {
    const node = upgraded(context)
    const { code, output } = run(node, 'reset', '--reset-oem')
    assert.equal(code, 2)
    assert.match(output, /COS_PERSISTENT and the configuration in \/oem, and starts sample v1 anew/)
    assert.equal(recordOf(node).operation, undefined)
  })

  test('is done in recovery: the store is made anew, the configuration stays', (context) => {
    const node = upgraded(context)
    assert.equal(run(node, 'reset', '--yes').code, 0)
    assert.equal(oneShot(node), 'kiln-recovery.conf')
    node.boot({ mode: 'recovery' })
    assert.equal(run(node, 'reconcile').code, 0)
    node.calls.length = 0
    assert.equal(run(node, 'reset', '--resume').code, 0)
    const disks = node.calls.filter((call) => /^(blkdiscard|mke2fs)/.test(call))
    assert.equal(disks[0], 'blkdiscard --force /dev/sda5')
    assert.match(disks[1] ?? '', /^mke2fs .*-L COS_PERSISTENT \/dev\/sda5$/)
    assert.equal(disks.length, 2)
    assert.equal(startOf(node).version, 'v1')
    assert.equal(node.calls.at(-1), 'systemctl --no-block reboot')
    // Nothing is left to do the next time.
    assert.equal(run(node, 'reset', '--resume').code, 0)
    assert.equal(recordOf(node).generations.length, 3)
  })

  test('erases securely, and the configuration with its consent', (context) => {
    const node = upgraded(context)
    node.boot({ mode: 'recovery' })
    assert.equal(run(node, 'reset', '--yes', '--reset-oem', '--secure-erase').code, 0)
    assert.deepEqual(
      node.calls.filter((call) => call.startsWith('blkdiscard')),
      ['blkdiscard --force --secure /dev/sda5', 'blkdiscard --force --secure /dev/sda3'],
    )
    assert.ok(node.calls.some((call) => /^mke2fs .*-L COS_OEM \/dev\/sda3$/.test(call)))
  })

  test('does what the block reset says: keeps the store, erases the configuration, and stays off', (context) => {
    const node = upgraded(context)
    node.host.mkdir('/oem', { recursive: true })
    node.host.write(
      '/oem/90.yaml',
      '#cloud-config\nreset: {reset-persistent: false, reset-oem: true, poweroff: true}\n',
    )
    assert.match(run(node, 'reset').output, /erases the configuration in \/oem, and starts sample v1 anew/)
    assert.equal(run(node, 'reset', '--yes').code, 0)
    node.boot({ mode: 'recovery' })
    node.calls.length = 0
    assert.equal(run(node, 'reset', '--resume').code, 0)
    assert.deepEqual(
      node.calls.filter((call) => /^(blkdiscard|systemctl)/.test(call)),
      ['blkdiscard --force /dev/sda3', 'systemctl --no-block poweroff'],
    )
  })

  test('overwrites a disk that cannot erase, where it has to be sure', (context) => {
    const node = installedNode(context, 'uefi', ([program]) => {
      if (program === 'blkdiscard') return { code: 1, stderr: 'not supported' }
      return program === 'dd' ? { code: 1, stderr: 'dd: No space left on device' } : undefined
    })
    node.boot({ mode: 'recovery' })
    assert.equal(run(node, 'reset', '--yes', '--secure-erase').code, 0)
    assert.ok(node.calls.some((call) => call.startsWith('dd if=/dev/zero of=/dev/sda5 ')))
    assert.match(node.output.join(''), /overwriting \/dev\/sda5/)
  })

  test('a start that was not recovery leads back to it, three times', (context) => {
    const node = upgraded(context)
    run(node, 'reset', '--yes')
    for (let attempt = 1; attempt <= 3; attempt++) {
      node.calls.length = 0
      assert.equal(run(node, 'reconcile').code, 0)
      assert.equal(node.calls.at(-1), 'systemctl --no-block reboot')
    }
    node.calls.length = 0
    assert.equal(run(node, 'reconcile').code, 0)
    assert.ok(!node.calls.includes('systemctl --no-block reboot'))
    assert.deepEqual(
      [recordOf(node).operation, recordOf(node).lastFailure?.reason],
      [undefined, 'reset-failed'],
    )
  })

  test('can be taken back until it began', (context) => {
    const node = upgraded(context)
    run(node, 'reset', '--yes')
    assert.equal(run(node, 'reset', '--abort').code, 0)
    assert.equal(recordOf(node).operation, undefined)
    assert.notEqual(run(node, 'reset', '--abort').code, 0)
  })

  test('nothing is erased where recovery is damaged', (context) => {
    const node = upgraded(context)
    const slot = recordOf(node).recovery?.slot
    node.host.write(`/run/initramfs/cos-state/slots/${slot}/root.img`, 'flipped')
    assert.notEqual(run(node, 'reset', '--yes').code, 0)
    assert.equal(recordOf(node).operation, undefined)
  })
})

describe('reconcile', () => {
  test('on a live medium there is nothing to do', (context) => {
    const node = installedNode(context, 'uefi')
    node.boot({ mode: 'live' })
    assert.deepEqual([run(node, 'reconcile').code, node.calls], [0, []])
  })

  test('a record that was lost is made anew from boot entries and slots', (context) => {
    const node = upgraded(context)
    for (const copy of [0, 1]) {
      node.host.write(`/run/initramfs/cos-state/kiln/record.${copy}.json`, 'gone')
    }
    const { code, output } = run(node, 'reconcile')
    assert.equal(code, 0)
    assert.match(output, /damaged/)
    const { generations, recovery } = recordOf(node)
    assert.deepEqual(
      generations.map(({ number, status, image }) => `${number} ${status} ${image.version}`),
      ['1 good v1', '2 good v2'],
    )
    assert.equal(recovery?.image.version, 'v1')
  })

  test('leaves the field a file while an older system runs in place of one that failed', (context) => {
    const node = upgraded(context)
    const sentinel = '/run/cos/upgrade_failure'
    const first = recordOf(node).generations[0]?.slot ?? ''
    node.boot({ mode: 'passive', generation: 1, slot: first })
    assert.equal(run(node, 'reconcile').code, 0)
    assert.ok(!exists(node.host, sentinel), 'it was asked for')
    const failure = { reason: 'not-healthy', at: '2026-01-03T00:00:00Z' }
    changeRecord(openNode(node.host), (record) => fail(record, 2, failure))
    assert.equal(run(node, 'reconcile').code, 0)
    assert.equal(node.host.readText(sentinel), '1')
    assert.equal(node.host.stat(sentinel).mode, 0o600)
  })

  test('verbs of an installed node say so elsewhere', (context) => {
    const node = installedNode(context, 'uefi')
    node.boot({ mode: 'live' })
    for (const verb of ['rollback', 'recovery', 'bootentry']) {
      const { code, output } = run(node, verb)
      assert.notEqual(code, 0)
      assert.match(output, /live medium/)
    }
  })
})
