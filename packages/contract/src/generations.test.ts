import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  arm,
  bless,
  fail,
  forgetOthers,
  keepable,
  keptGenerations,
  lastGood,
  nextNumber,
  setRecovery,
  startTrial,
  withdrawGeneration,
} from './generations.ts'
import { emptyRecord, type Generation, type NodeRecord } from './node-record.ts'

const image = {
  name: 'box',
  version: 'v1',
  flavor: 'debian',
  flavorRelease: '13',
  arch: 'amd64',
  device: 'generic',
  variant: 'core',
}
const made = '2026-01-02T03:04:05Z'
const failure = { reason: 'not-healthy', at: made }

function slot(digit: string): string {
  return digit.repeat(64)
}

/** `1:a+ 2:b!`: generation 1 with slot aaaa… is good, 2 bad; `?` is armed, `~` on trial. */
function recordOf(text: string, extra: Partial<NodeRecord> = {}): NodeRecord {
  const words = { '+': 'good', '!': 'bad', '?': 'armed', '~': 'trial' } as const
  const generations = text.split(' ').map((word): Generation => {
    const [, number, digit = '', mark] = word.match(/^(\d+):(.)([+!?~])$/) ?? []
    const status = words[mark as keyof typeof words]
    return { number: Number(number), slot: slot(digit), image, source: 'x', made, status }
  })
  return { ...emptyRecord(), generations, ...extra }
}

const numbers = (generations: readonly Generation[]) => generations.map(({ number }) => number).join(' ')
const letters = (slots: readonly string[]) => slots.map((each) => each[0]).join('')

test('generations: from armed to good, and numbers only grow', () => {
  let record = arm(emptyRecord(), { slot: slot('a'), image, source: 'oci:x', made })
  assert.deepEqual([record.generations[0]?.number, record.generations[0]?.status], [1, 'armed'])
  record = startTrial(record, 1)
  assert.equal(record.generations[0]?.status, 'trial')
  record = bless(record, 1)
  assert.equal(lastGood(record)?.number, 1)
  assert.equal(nextNumber(record), 2)
  // Only what is armed begins a trial.
  assert.equal(startTrial(record, 1).generations[0]?.status, 'good')
})

test('generations: what failed keeps its reason; blessing takes it away again', () => {
  const record = fail(recordOf('1:a+ 2:b~'), 2, failure)
  assert.deepEqual(record.generations[1]?.failure, failure)
  assert.deepEqual(record.lastFailure, { ...failure, generation: 2 })
  const blessed = bless(record, 2)
  assert.equal('failure' in (blessed.generations[1] ?? {}), false)
  assert.equal(blessed.lastFailure?.generation, 2)
})

test('generations: one that was never armed gives its number back', () => {
  const record = withdrawGeneration(recordOf('1:a+ 2:b?'), 2)
  assert.equal(nextNumber(record), 2)
})

const kept: readonly (readonly [
  name: string,
  record: NodeRecord,
  running: { generation?: number; slot?: string },
  generations: string,
  slots: string,
])[] = [
  ['the newest two good ones', recordOf('1:a+ 2:b+ 3:c+'), { generation: 3, slot: slot('c') }, '2 3', 'bc'],
  ['three where that is wanted', recordOf('1:a+ 2:b+ 3:c+', { keep: 3 }), { generation: 3 }, '1 2 3', 'abc'],
  [
    'the running one, however old',
    recordOf('1:a+ 2:b+ 3:c+ 4:d+'),
    { generation: 1, slot: slot('a') },
    '1 3 4',
    'acd',
  ],
  [
    'the running one, though it is bad',
    recordOf('1:a+ 2:b!'),
    { generation: 2, slot: slot('b') },
    '1 2',
    'ab',
  ],
  ['not a bad one', recordOf('1:a+ 2:b+ 3:c!'), { generation: 2 }, '1 2', 'ab'],
  ['those not decided yet', recordOf('1:a+ 2:b+ 3:c~ 4:d?'), { generation: 3 }, '1 2 3 4', 'abcd'],
  ['a slot of two generations', recordOf('1:a+ 2:b+ 3:a+'), { generation: 3 }, '2 3', 'ba'],
  [
    "recovery's slot and the one that is written",
    {
      ...setRecovery(recordOf('1:a+ 2:b+ 3:c+'), { slot: slot('e'), image, source: 'x', made }),
      operation: { id: 'x', kind: 'upgrade', phase: 'stage', started: made, slot: slot('f') },
    },
    { generation: 3 },
    '2 3',
    'bcef',
  ],
  ['the running slot in recovery', recordOf('1:a+'), { slot: slot('e') }, '1', 'ae'],
]

for (const [name, record, running, generations, slots] of kept) {
  test(`generations: kept is ${name}`, () => {
    assert.equal(numbers(keptGenerations(record, running)), generations)
    assert.equal(letters(keepable(record, running)), slots)
  })
}

test('generations: the highest number stays in the record, though it keeps nothing', () => {
  const record = forgetOthers(recordOf('1:a+ 2:b+ 3:c+ 4:d! 5:e!'), { generation: 3 })
  assert.equal(numbers(record.generations), '2 3 5')
  assert.equal(nextNumber(record), 6)
  assert.equal(letters(keepable(record, { generation: 3 })), 'bc')
})
