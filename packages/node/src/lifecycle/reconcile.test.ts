import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyRecord, type Generation, type GenerationFailure, type NodeRecord } from '@kiln/contract'
import { recordedImage } from '../testkit/lifecycle-data.ts'
import type { LoaderEntry } from './boot-loader.ts'
import { type Reconciled, reconcile } from './reconcile.ts'

const now = '2026-01-02T03:04:05Z'
const statuses = { '+': 'good', '!': 'bad', '?': 'armed', '~': 'trial' } as const

/** `1+ 2?`: generation 1 is good, 2 armed; `~` is on trial, `!` bad. */
function recordOf(text: string, extra: Partial<NodeRecord> = {}): NodeRecord {
  const generations = text.split(' ').map((word): Generation => {
    const number = Number.parseInt(word, 10)
    const status = statuses[word.at(-1) as keyof typeof statuses]
    return {
      number,
      slot: String(number).repeat(64),
      image: recordedImage('v1'),
      source: 'x',
      made: now,
      status,
    }
  })
  return { ...emptyRecord(), generations, ...extra }
}

/** `1 2:0/3`: entries of generations 1 and 2, of which 2 has no tries left after three. */
function entriesOf(text: string): LoaderEntry[] {
  return text.split(' ').map((word) => {
    const [generation = 0, left, done] = word.split(/[:/]/).map(Number)
    const tries = left === undefined ? {} : { triesLeft: left, triesDone: done ?? 0 }
    return { id: `kiln-${generation}`, generation, ...tries }
  })
}

function marks({ record }: Reconciled): string {
  const letters = Object.fromEntries(Object.entries(statuses).map(([mark, status]) => [status, mark]))
  return record.generations.map(({ number, status }) => `${number}${letters[status]}`).join(' ')
}

const note: GenerationFailure = { reason: 'root-damaged', at: 'x', detail: 'block 7' }

interface Case {
  readonly name: string
  readonly record: string
  readonly running: number | undefined
  readonly mode?: string
  readonly entries: string
  readonly notes?: readonly number[]
  readonly becomes: string
  readonly reason?: string | undefined
  readonly remove?: readonly number[]
  readonly bless?: number
}

const cases: readonly Case[] = [
  { name: 'nothing new', record: '1+', running: 1, entries: '1', becomes: '1+' },
  {
    name: 'the first start of a new one begins its trial',
    record: '1+ 2?',
    running: 2,
    entries: '1 2:2/1',
    becomes: '1+ 2~',
  },
  {
    name: 'an earlier try left a note',
    record: '1+ 2~',
    running: 2,
    entries: '1 2:1/2',
    notes: [2],
    becomes: '1+ 2~',
    reason: 'root-damaged',
  },
  {
    name: 'all tries are used up, and nobody knows why',
    record: '1+ 2?',
    running: 1,
    mode: 'passive',
    entries: '1 2:0/3',
    becomes: '1+ 2!',
    reason: 'did-not-come-up',
  },
  {
    name: 'all tries are used up, and its initramfs said why',
    record: '1+ 2?',
    running: 1,
    mode: 'passive',
    entries: '1 2:0/3',
    notes: [2],
    becomes: '1+ 2!',
    reason: 'root-damaged',
  },
  {
    name: 'one that was left by hand keeps its tries',
    record: '1+ 2~',
    running: 1,
    mode: 'passive',
    entries: '1 2:2/1',
    becomes: '1+ 2~',
  },
  {
    name: 'one in the record that no entry starts was never armed',
    record: '1+ 2?',
    running: 1,
    entries: '1',
    becomes: '1+',
  },
  {
    name: 'the entry of a trial is gone',
    record: '1+ 2~',
    running: 1,
    entries: '1',
    becomes: '1+ 2!',
    reason: 'entry-lost',
  },
  {
    name: 'a good one does not start any more',
    record: '1+ 2+',
    running: 1,
    mode: 'passive',
    entries: '1 2',
    notes: [2],
    becomes: '1+ 2!',
    reason: 'root-damaged',
    remove: [2],
    bless: 1,
  },
  {
    name: 'a good one does not start any more, and recovery came up',
    record: '1+ 2+',
    running: undefined,
    mode: 'recovery',
    entries: '1 2',
    notes: [2],
    becomes: '1+ 2!',
    reason: 'root-damaged',
    remove: [2],
    bless: 1,
  },
  {
    name: 'the only good one stays, whatever happened to it',
    record: '1+',
    running: undefined,
    mode: 'recovery',
    entries: '1',
    notes: [1],
    becomes: '1+',
    reason: 'root-damaged',
  },
  {
    name: 'an older one by hand does not condemn the newest',
    record: '1+ 2+',
    running: 1,
    mode: 'passive',
    entries: '1 2',
    becomes: '1+ 2+',
  },
  {
    name: 'a note about an older one does not, either',
    record: '1+ 2+ 3+',
    running: 1,
    mode: 'passive',
    entries: '1 2 3',
    notes: [2],
    becomes: '1+ 2+ 3+',
  },
  {
    name: 'what is bad stays bad',
    record: '1+ 2!',
    running: 1,
    mode: 'passive',
    entries: '1 2:0/3',
    becomes: '1+ 2!',
  },
]

for (const { name, record, running, mode = 'active', entries, notes = [], becomes, ...expected } of cases) {
  test(`reconcile: ${name}`, () => {
    const result = reconcile({
      record: recordOf(record),
      running: { mode, ...(running === undefined ? {} : { generation: running }) },
      entries: entriesOf(entries),
      notes: new Map(notes.map((number) => [number, note])),
      now,
    })
    assert.equal(marks(result), becomes)
    assert.equal(result.record.lastFailure?.reason, expected.reason)
    assert.deepEqual(result.remove, expected.remove ?? [])
    assert.equal(result.bless, expected.bless)
    assert.deepEqual(result.consumed, notes)
    // Doing it again changes nothing.
    const again = reconcile({
      record: result.record,
      running: { mode, ...(running === undefined ? {} : { generation: running }) },
      entries: entriesOf(entries).filter(({ generation }) => !result.remove.includes(generation ?? 0)),
      notes: new Map(),
      now,
    })
    assert.deepEqual(again.record, result.record)
  })
}

test('reconcile: an operation about a generation ends with it', () => {
  const operation = {
    id: 'x',
    kind: 'upgrade',
    phase: 'reboot',
    started: now,
    detail: { generation: 2 },
  } as const
  const observe = (entries: string) =>
    reconcile({
      record: recordOf('1+ 2?', { operation }),
      running: { mode: 'passive', generation: 1 },
      entries: entriesOf(entries),
      notes: new Map(),
      now,
    }).record.operation
  assert.equal(observe('1 2:0/3'), undefined)
  assert.equal(observe('1'), undefined)
  assert.deepEqual(observe('1 2:3/0'), operation)
})
