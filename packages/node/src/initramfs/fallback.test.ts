import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  arm,
  bless,
  emptyRecord,
  grubEnvBlock,
  grubState,
  type NodeRecord,
  parseEntryName,
  parseGrubEnv,
  serialiseRecord,
} from '@kiln/contract'
import { recordedImage } from '../testkit/lifecycle-data.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import type { BlockDevice } from './devices.ts'
import type { Session } from './execute.ts'
import { otherEntry, tryAnother } from './fallback.ts'

const slot = (letter: string) => letter.repeat(64)

function add(record: NodeRecord, letter: string, good = true): NodeRecord {
  const fresh = { slot: slot(letter), image: recordedImage('v1'), source: 'x', made: 'x' }
  const armed = arm(record, fresh)
  return good ? bless(armed, armed.generations.length) : armed
}

const two = add(add(emptyRecord(), 'a'), 'b')

const cases: readonly (readonly [
  name: string,
  entry: string,
  record: NodeRecord | undefined,
  expected: string | undefined,
])[] = [
  ['the good one before', 'kiln-2.conf', two, 'kiln-1'],
  ['not the same slot again', 'kiln-3.conf', add(two, 'b'), 'kiln-1'],
  ['recovery, where nothing else is good', 'kiln-1.conf', two, 'kiln-recovery'],
  ['recovery, where the record cannot be read', 'kiln-2.conf', undefined, 'kiln-recovery'],
  ['nothing, where the loader counts', 'kiln-2+1-2.conf', two, undefined],
  ['nothing, where it was not good yet', 'kiln-3', add(two, 'c', false), undefined],
  ['nothing, where recovery itself fails', 'kiln-recovery.conf', two, undefined],
]

for (const [name, entry, record, expected] of cases) {
  test(`fallback: ${name}`, () => {
    const failed = parseEntryName(entry)
    assert.equal(failed && otherEntry(failed, record)?.id, expected)
  })
}

function session(host: Session['host'], entry: string): Session {
  const device = (name: string, label: string, type: 'ext4' | 'vfat'): BlockDevice => ({
    name,
    parent: 'sda',
    fileSystem: { type, label, uuid: undefined },
  })
  return {
    host,
    debug: false,
    notes: [],
    medium: 'sda4',
    devices: [device('sda2', 'COS_GRUB', 'vfat'), device('sda4', 'COS_STATE', 'ext4')],
    timings: [],
    loaderPartition: undefined,
    booted: { mode: 'active', entry, generation: 2 },
    beingErased: undefined,
    watchdog: { wanted: false, lastTended: undefined },
  }
}

const record = { '/run/initramfs/cos-state/kiln/record.1.json': serialiseRecord(two) }

test('fallback: systemd-boot is asked by a variable, with the name of the entry file', (context) => {
  const { host } = rootedHost(context, { ...record, '/sys/firmware/efi/efivars/x': '' })
  tryAnother(session(host, 'kiln-2.conf'))
  const path = '/sys/firmware/efi/efivars/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f'
  const bytes = host.readBytes(path, 0, 100)
  assert.deepEqual([...bytes.subarray(0, 4)], [7, 0, 0, 0])
  assert.equal(Buffer.from(bytes.subarray(4)).toString('utf16le'), 'kiln-1.conf\0')
})

test('fallback: GRUB is asked by its environment block', (context) => {
  const block = grubEnvBlock({ good: '2', trial: '', tries: '', once: '', list: '2 1' })
  const { host, calls } = rootedHost(context, { ...record, '/run/kiln/esp/kiln/grub/grubenv': block })
  tryAnother(session(host, 'kiln-2'))
  assert.deepEqual(calls, ['mount vfat /dev/sda2 /run/kiln/esp', 'unmount /run/kiln/esp'])
  const variables = parseGrubEnv(host.readText('/run/kiln/esp/kiln/grub/grubenv'))
  const { good, once } = grubState(variables ?? {})
  assert.deepEqual([good, once], [2, 'kiln-1'])
})
