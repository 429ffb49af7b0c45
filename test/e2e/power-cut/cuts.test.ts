import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Cut, epochsOf, planCuts } from './cuts.ts'
import type { LogEntry } from './write-log.ts'

type Kind = 'w' | 'W' | 'f' | 'F' | 'd'

/** `w` a write of 8 sectors, `W` one that forces unit access, `d` a discard, `f` a flush, `F` a write that flushes before. */
function entriesOf(kinds: readonly Kind[], sectors = 8): LogEntry[] {
  return kinds.map((kind, index) => ({
    index,
    kind: kind === 'f' ? 'flush' : kind === 'd' ? 'discard' : 'write',
    flushes: kind === 'f' || kind === 'F',
    durable: kind === 'W',
    offset: index * 4096,
    bytes: kind === 'f' ? 0 : sectors * 512,
    dataAt: 0,
  }))
}

const word = (text: string) => [...text] as Kind[]
const options = { points: 50, seed: 7, sectorBytes: 512 }
const kinds = fc.array(fc.constantFrom<Kind>('w', 'W', 'f', 'F', 'd'), { minLength: 1, maxLength: 30 })
const keptEntries = ({ kept }: Cut) => kept.map(({ entry }) => entry)

test('writes between flushes belong together', () => {
  const epochs = epochsOf(entriesOf(word('wwffwdFwf')))
  assert.deepEqual(
    epochs.map(({ start, end, writes }) => [start, end, writes.map(({ index }) => index)]),
    [
      [0, 2, [0, 1]],
      [3, 6, [4, 5]],
      [6, 8, [6, 7]],
    ],
  )
})

test('there is a cut at each flush that has something before it, at the start and at the end', () => {
  const cuts = planCuts(entriesOf(word('wwffwfww')), { ...options, points: 0 })
  assert.deepEqual(
    cuts.map(({ kind, durable, kept }) => [kind, durable, kept.length]),
    [
      ['flush', 0, 0],
      ['flush', 3, 0],
      ['flush', 5, 0],
      ['flush', 8, 0],
    ],
  )
})

test('no cut leaves what a disk may not leave', () => {
  fc.assert(
    fc.property(kinds, fc.nat(), (drawn, seed) => {
      const entries = entriesOf(drawn)
      for (const cut of planCuts(entries, { ...options, seed })) {
        const kept = keptEntries(cut)
        assert.deepEqual(
          kept,
          kept.toSorted((a, b) => a - b),
          'in their order',
        )
        assert.equal(new Set(kept).size, kept.length)
        assert.ok(kept.every((index) => index >= cut.durable && index < cut.until))
        const between = entries.slice(cut.durable + 1, cut.until)
        assert.ok(!between.some(({ flushes }) => flushes), 'nothing behind the next flush')
        const forced = entries.slice(cut.durable, cut.until).filter(({ durable }) => durable)
        assert.ok(
          forced.every(({ index }) => kept.includes(index)),
          'forced writes are there',
        )
        for (const { entry, sectors } of cut.kept) {
          const count = sectors?.reduce((sum, [from, to]) => sum + to - from, 0)
          assert.ok(count === undefined || (count > 0 && count < 8))
          assert.ok(!(entries[entry]?.durable && sectors), 'forced writes are whole')
        }
      }
    }),
    { numRuns: 200 },
  )
})

test('cuts come in the order of the log, no two alike', () => {
  fc.assert(
    fc.property(kinds, fc.nat(), (drawn, seed) => {
      const cuts = planCuts(entriesOf(drawn), { ...options, seed })
      const places = cuts.map(({ durable }) => durable)
      assert.deepEqual(
        places,
        places.toSorted((a, b) => a - b),
      )
      const keys = cuts.map(({ durable, kept }) => JSON.stringify([durable, kept]))
      assert.equal(new Set(keys).size, keys.length)
    }),
  )
})

test('so many cuts as asked for, each stretch with its share, all variants', () => {
  const entries = entriesOf(word(`${'wf'.repeat(20)}${'w'.repeat(400)}f${'wwwf'.repeat(20)}`))
  const between = planCuts(entries, { ...options, points: 200 }).filter(({ kind }) => kind !== 'flush')
  assert.equal(between.length, 200)
  assert.equal(new Set(between.map(({ durable }) => durable)).size, 41)
  assert.deepEqual(new Set(between.map(({ kind }) => kind)), new Set(['prefix', 'subset', 'late', 'torn']))
})

test('one sector that is there or not leaves nothing between', () => {
  const cuts = planCuts(entriesOf(word('wfwf'), 1), options)
  assert.ok(cuts.every(({ kind }) => kind === 'flush'))
  assert.equal(cuts.length, 3)
})

test('every subset of a few writes is found', () => {
  const cuts = planCuts(entriesOf(word('www'), 1), options)
  const subsets = cuts.filter(({ durable }) => durable === 0).map((cut) => keptEntries(cut).join(''))
  assert.deepEqual(subsets.toSorted(), ['', '0', '01', '02', '1', '12', '2'])
})

test('a disk with larger sectors tears only between those', () => {
  // 8 sectors of 512 bytes each, the middle one of them not at a multiple of 4096.
  const [one, two, three] = entriesOf(word('www'))
  assert.ok(one && two && three)
  const moved = [one, { ...two, offset: 4096 + 512 }, { ...three, bytes: 12288, offset: 16384 }]
  const cuts = planCuts(moved, { ...options, points: 200, tearBytes: 4096 })
  const torn = cuts.flatMap(({ kept }) => kept.filter(({ sectors }) => sectors))
  const places = (entry: number) => [
    ...new Set(torn.filter((each) => each.entry === entry).flatMap(({ sectors = [] }) => sectors.flat())),
  ]
  assert.deepEqual(places(0), [])
  assert.deepEqual(places(1).toSorted(), [0, 7, 8])
  assert.deepEqual(
    places(2).toSorted((a, b) => a - b),
    [0, 8, 16, 24],
  )
})

test('the same seed gives the same cuts, another one others', () => {
  const entries = entriesOf(word('wwwwwwfwwwwf'))
  const plan = (seed: number) => planCuts(entries, { ...options, points: 20, seed })
  assert.deepEqual(plan(1), plan(1))
  assert.notDeepEqual(plan(1), plan(2))
})

test('nothing before the wanted place is cut', () => {
  const entries = entriesOf(word('wwwwfwwwwfwwww'))
  const cuts = planCuts(entries, { ...options, from: 7 })
  assert.ok(cuts.length > 20)
  assert.ok(cuts.every(({ until }) => until >= 7))
  assert.ok(cuts.some(({ durable, kind }) => durable === 4 && kind !== 'flush'))
})
