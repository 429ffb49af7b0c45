import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32Text, utf8Bytes } from './crc32.ts'
import { arm } from './generations.ts'
import { emptyRecord, type NodeRecord, newestRecord, parseRecord, serialiseRecord } from './node-record.ts'

const image = {
  name: 'kairos-core-debian-13',
  version: 'v0.1.0',
  flavor: 'debian',
  flavorRelease: '13',
  arch: 'amd64',
  device: 'generic',
  variant: 'core',
}
const slot = 'ab'.repeat(32)
const record = arm(emptyRecord(), { slot, image, source: 'oci:r/töpfer', made: '2026-01-02T03:04:05Z' })

test('crc32: the check value of the catalogue, and of text in UTF-8', () => {
  assert.equal(crc32Text('123456789'), 'cbf43926')
  assert.equal(crc32Text(''), '00000000')
  for (const text of ['ä', '€ 🏺', '\ud800', 'a\udc00b', '\u0000\u007f\u0080\u07ff\u0800\uffff']) {
    assert.deepEqual(utf8Bytes(text), new Uint8Array(new TextEncoder().encode(text)), JSON.stringify(text))
  }
})

test('record: what is written is read again', () => {
  assert.deepEqual(parseRecord(serialiseRecord(record)), { record })
})

test('record: a copy that is torn at any point, or changed, does not count', () => {
  const text = serialiseRecord(record)
  for (let length = 0; length < text.trimEnd().length; length += 7) {
    assert.ok('problem' in parseRecord(text.slice(0, length)), `torn after ${length}`)
  }
  for (const [from, to] of [
    ['"sequence":0', '"sequence":9'],
    ['armed', 'good!'],
    ['"keep":2', '"keep":3'],
  ] as const) {
    assert.deepEqual(parseRecord(text.replace(from, to)), { problem: 'does not match its checksum' })
  }
})

test('record: a checksum alone makes no record', () => {
  const wrong = (value: unknown) => {
    const text = JSON.stringify(value)
    return parseRecord(`{"crc32":"${crc32Text(text)}","record":${text}}`)
  }
  for (const value of [null, [], {}, { ...record, keep: 1 }, { ...record, schema: 'kiln.node/v2' }]) {
    assert.ok('problem' in wrong(value), JSON.stringify(value))
  }
  assert.ok('problem' in parseRecord('null'))
})

test('record: what a newer agent added is kept by an older one', () => {
  const newer = { ...record, mood: 'sunny', generations: [{ ...record.generations[0], colour: 'red' }] }
  const read = parseRecord(serialiseRecord(newer as unknown as NodeRecord))
  assert.deepEqual('record' in read && read.record, newer)
})

test('record: of two copies the newer one counts, unless it is torn', () => {
  const at = (sequence: number) => serialiseRecord({ ...record, sequence })
  assert.equal(newestRecord([at(4), at(5)])?.sequence, 5)
  assert.equal(newestRecord([at(5), at(4)])?.sequence, 5)
  assert.equal(newestRecord([at(4), at(5).slice(0, -20)])?.sequence, 4)
  assert.equal(newestRecord([undefined, at(1)])?.sequence, 1)
  assert.equal(newestRecord([undefined, undefined]), undefined)
  assert.equal(newestRecord(['', '{}']), undefined)
})
