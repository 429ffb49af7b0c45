import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type CheckedCut,
  chooseCuts,
  describeFailure,
  makeReport,
  markdownTable,
  type Outcome,
} from './report.ts'
import type { BootVerdict } from './verdict.ts'
import type { LogEntry } from './write-log.ts'

const verdict: BootVerdict = {
  boots: { id: 'kiln-1', generation: 1, slot: 'a', isCounted: false },
  isVacant: false,
  attempts: [],
  problems: [],
  hazards: [],
  record: undefined,
  recovery: undefined,
  loader: '',
}

let made = 0
function cut(phase: string, outcome: Outcome, change: Partial<BootVerdict> = {}): CheckedCut {
  const index = made++
  return {
    cut: {
      kind: index % 2 === 0 ? 'flush' : 'torn',
      durable: index,
      until: index + 1,
      kept: [{ entry: index }],
    },
    phase,
    outcome,
    disk: `disk ${index}`,
    verdict: { ...verdict, ...change },
  }
}

const cuts = [
  cut('stage', 'old'),
  cut('stage', 'old'),
  cut('arm', 'old'),
  cut('arm', 'new', { attempts: [{ id: 'kiln-2', reason: 'no kernel' }], hazards: ['a and b'] }),
  cut('arm', 'between', { problems: ['COS_STATE: errors'] }),
  cut('arm', 'bricked', {
    boots: undefined,
    reason: 'kiln-2 is started for ever: no kernel',
    attempts: [{ id: 'kiln-2', reason: 'no kernel' }],
    problems: ['recovery: no kernel'],
  }),
]

const entry = { index: 0, flushes: false, durable: false, offset: 0, dataAt: 0 }
const entries: LogEntry[] = [
  { ...entry, kind: 'write', bytes: 512 },
  { ...entry, kind: 'write', bytes: 1024 },
  { ...entry, kind: 'flush', bytes: 0, flushes: true },
]
const report = makeReport({ seed: 3, log: { entries }, before: verdict, after: verdict, cuts })

test('sums', () => {
  assert.deepEqual([report.writes, report.bytes, report.flushes], [2, 1536, 1])
  assert.deepEqual(report.points, { atFlushes: 3, between: 3, distinct: 6 })
  assert.deepEqual(report.failures, cuts.slice(4))
  assert.deepEqual(report.hazards, ['a and b'])
})

test('the table for the documentation', () => {
  assert.equal(
    markdownTable(report),
    [
      '| Power fails during | points | old | between | new | fell back | damaged | bricked |',
      '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
      '| stage | 2 | 2 | 0 | 0 | 0 | 0 | 0 |',
      '| arm | 4 | 1 | 1 | 1 | 1 | 1 | 1 |',
      '| **all** | **6** | **3** | **1** | **1** | **1** | **1** | **1** |',
      '',
    ].join('\n'),
  )
})

test('a failure says what is wrong and how to have it again', () => {
  const [, bricked] = report.failures
  assert.ok(bricked)
  assert.deepEqual(describeFailure(bricked).split('\n'), [
    'torn cut, arm, entry 6: bricked',
    '  kiln-2 is started for ever: no kernel',
    '  recovery: no kernel',
    '  tried kiln-2: no kernel',
    '  {"durable":5,"kept":[{"entry":5}]}',
  ])
})

test('what is started for real is of every phase and outcome', () => {
  const many = Array.from({ length: 40 }, () => cut('stage', 'old')).concat(cuts)
  const chosen = chooseCuts(many, 6, 1)
  assert.equal(chosen.length, 6)
  const kinds = new Set(chosen.map(({ phase, outcome }) => `${phase} ${outcome}`))
  assert.deepEqual(kinds, new Set(['stage old', 'arm old', 'arm new', 'arm between', 'arm bricked']))
  assert.deepEqual(chooseCuts(many, 6, 1), chosen)
  assert.equal(chooseCuts(cuts, 100, 1).length, cuts.length)
})

test('the same disk is started only once', () => {
  const same = [cut('stage', 'old'), cut('stage', 'old')].map((each) => ({ ...each, disk: 'one' }))
  assert.equal(chooseCuts(same, 2, 1).length, 1)
})
