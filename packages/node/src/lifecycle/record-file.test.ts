import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyRecord } from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import { readRecord, writeRecord } from './record-file.ts'

const state = '/state'

test('record file: none at all is no error', (context) => {
  assert.equal(readRecord(rootedHost(context).host, state), undefined)
})

test('record file: the two copies take turns, and the newer one counts', (context) => {
  const { host } = rootedHost(context, { '/state/x': '' })
  let record = emptyRecord()
  for (let round = 1; round <= 5; round++) {
    record = writeRecord(host, state, { ...record, keep: round + 1 })
    assert.equal(record.sequence, round)
    assert.deepEqual(readRecord(host, state), record)
  }
  const sequences = ['0', '1'].map(
    (copy) => JSON.parse(host.readText(`${state}/kiln/record.${copy}.json`)).record.sequence,
  )
  assert.deepEqual(sequences, [5, 4])
  assert.equal(host.stat(`${state}/kiln/record.0.json`).mode, 0o600)
})

test('record file: a torn copy is replaced first, and the other one read', (context) => {
  const { host } = rootedHost(context, { '/state/x': '' })
  const first = writeRecord(host, state, emptyRecord())
  const second = writeRecord(host, state, first)
  host.write(`${state}/kiln/record.1.json`, '{"crc32":"00000000","rec')
  assert.deepEqual(readRecord(host, state), first)
  writeRecord(host, state, first)
  assert.deepEqual(readRecord(host, state)?.sequence, second.sequence)
  assert.equal(JSON.parse(host.readText(`${state}/kiln/record.0.json`)).record.sequence, 1)
})

test('record file: two torn copies are an error that names both', (context) => {
  const { host } = rootedHost(context, {
    '/state/kiln/record.0.json': '',
    '/state/kiln/record.1.json': '{"crc32":"00000000","record":{}}',
  })
  assert.throws(
    () => readRecord(host, state),
    (error) =>
      error instanceof AgentError &&
      error.reason === 'record-damaged' &&
      /record\.0\.json is not JSON; record\.1\.json does not match/.test(error.message),
  )
})
