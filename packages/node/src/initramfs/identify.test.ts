import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arm, bless, emptyRecord, type NodeRecord, serialiseRecord } from '@kiln/contract'
import { efiText, recordedImage } from '../testkit/lifecycle-data.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import type { Session } from './execute.ts'
import { bootedAs, identify, readFirmware } from './identify.ts'

const slot = (letter: string) => letter.repeat(64)

/** Generations 1, 2 … with these slots, all good. */
function recordWith(...letters: readonly string[]): NodeRecord {
  return letters.reduce((record, letter, index) => {
    const fresh = { slot: slot(letter), image: recordedImage('v1'), source: 'x', made: 'x' }
    return bless(arm(record, fresh), index + 1)
  }, emptyRecord())
}

const cases: readonly (readonly [
  name: string,
  entry: string | undefined,
  slot: string,
  record: NodeRecord | undefined,
  expected: string,
])[] = [
  ['the newest is active', 'kiln-2+2-1.conf', 'b', recordWith('a', 'b'), 'active 2'],
  ['an older one is passive', 'kiln-1.conf', 'a', recordWith('a', 'b'), 'passive 1'],
  ['recovery, whatever its slot', 'kiln-recovery.conf', 'a', recordWith('a', 'b'), 'recovery -'],
  ['the entry tells generations of one slot apart', 'kiln-1', 'a', recordWith('a', 'b', 'a'), 'passive 1'],
  ['without an entry, the newest with that slot', undefined, 'a', recordWith('a', 'b', 'a'), 'active 3'],
  ['without an entry and a record', undefined, 'a', undefined, 'active -'],
  ['without a record, as the entry says', 'kiln-7+3.conf', 'a', undefined, 'active 7'],
  ['a foreign entry', 'auto-windows', 'b', recordWith('a', 'b'), 'active 2'],
  ['an entry that starts something else', 'kiln-2.conf', 'a', recordWith('a', 'b'), 'passive 1 noted'],
  ['an entry and a slot that nobody knows', 'kiln-9.conf', 'e', recordWith('a', 'b'), 'active - noted'],
]

for (const [name, entry, letter, record, expected] of cases) {
  test(`identify: ${name}`, () => {
    const { booted, note } = bootedAs(entry, slot(letter), record)
    const text = [booted.mode, booted.generation ?? '-', ...(note === undefined ? [] : ['noted'])].join(' ')
    assert.equal(text, expected)
  })
}

function session(host: Session['host']): Session {
  return {
    host,
    debug: false,
    notes: [],
    medium: undefined,
    devices: [],
    timings: [],
    loaderPartition: undefined,
    booted: { mode: 'active' },
    beingErased: undefined,
    watchdog: { wanted: false, lastTended: undefined },
  }
}

const variables = '/sys/firmware/efi/efivars'
const vendor = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f'

test('identify: what systemd-boot left in the variables of the firmware', (context) => {
  const { host, calls } = rootedHost(context, {
    [`${variables}/LoaderEntrySelected-${vendor}`]: efiText('kiln-2+3.conf'),
    [`${variables}/LoaderDevicePartUUID-${vendor}`]: efiText('0fc63daf-8483-4772-8e79-3d69d8477de4'),
    '/run/initramfs/cos-state/kiln/record.0.json': serialiseRecord(recordWith('a', 'b')),
    '/run/initramfs/cos-state/kiln/record.1.json': 'torn',
  })
  const own = session(host)
  readFirmware(own)
  assert.deepEqual(calls, [`mount efivarfs efivarfs ${variables} nosuid,nodev,noexec`])
  assert.equal(own.loaderPartition, '0FC63DAF-8483-4772-8E79-3D69D8477DE4')
  assert.deepEqual(own.booted, { mode: 'active', entry: 'kiln-2+3.conf', generation: 2 })
  identify(own, slot('b'))
  assert.deepEqual(own.booted, { mode: 'active', entry: 'kiln-2+3.conf', generation: 2 })
  assert.deepEqual(own.notes, [])
})

test('identify: on BIOS there are no variables, and the command line has told the entry', (context) => {
  const { host, calls } = rootedHost(context)
  const own = session(host)
  own.booted = { mode: 'active', entry: 'kiln-recovery' }
  readFirmware(own)
  assert.deepEqual(calls, [])
  assert.deepEqual([own.loaderPartition, own.booted.mode], [undefined, 'recovery'])
})
