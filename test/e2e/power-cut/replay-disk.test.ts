import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '@kiln/factory/testkit/testkit'
import fc from 'fast-check'
import { LogWriter } from './log-writer.ts'
import { ReplayDisk } from './replay-disk.ts'
import { WriteLog } from './write-log.ts'

const sector = 512
const diskSectors = 64

interface Step {
  readonly at: number
  readonly sectors: number
  /** Undefined for a discard. */
  readonly fill: number | undefined
}

const step = fc
  .record({
    at: fc.nat(diskSectors - 1),
    length: fc.integer({ min: 1, max: 20 }),
    fill: fc.option(fc.nat(255), { nil: undefined }),
  })
  .map(({ at, length, fill }): Step => ({ at, sectors: Math.min(length, diskSectors - at), fill }))

function prepare(folder: string, base: Buffer, steps: readonly Step[]): { base: string; log: string } {
  const files = { base: join(folder, 'base'), log: join(folder, 'log') }
  writeFileSync(files.base, base)
  using writer = new LogWriter(files.log)
  for (const { at, sectors, fill } of steps) {
    if (fill === undefined) writer.discard(at * sector, sectors * sector)
    else writer.write(at * sector, Buffer.alloc(sectors * sector, fill))
  }
  return files
}

function expected(base: Buffer, steps: readonly Step[]): Buffer {
  const disk = Buffer.from(base)
  for (const { at, sectors, fill = 0 } of steps) disk.fill(fill, at * sector, (at + sectors) * sector)
  return disk
}

/** Half of it zeros. */
const sampleBase = Buffer.alloc(diskSectors * sector).fill('kiln', 0, (diskSectors / 2) * sector)

function open(t: TestContext, steps: readonly Step[]) {
  const folder = temporaryFolder(t)
  const { base, log } = prepare(folder, sampleBase, steps)
  const writes = new WriteLog(log)
  const disk = new ReplayDisk(base, join(folder, 'disk'), writes)
  t.after(() => {
    disk[Symbol.dispose]()
    writes[Symbol.dispose]()
  })
  return disk
}

const entry = (index: number) => ({ entry: index })
const all = (disk: ReplayDisk) => disk.version([{ offset: 0, bytes: disk.bytes }])

test('the disk is what its writes make it, and what is tried is taken back', async (t) => {
  const folder = temporaryFolder(t)
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.array(step, { maxLength: 12 }),
      async (kept, tried) => {
        const { base, log } = prepare(folder, sampleBase, [...kept, ...tried])
        using writes = new WriteLog(log)
        const file = join(folder, 'disk')
        using disk = new ReplayDisk(base, file, writes)
        disk.apply(kept.keys().map(entry))
        const before = { content: expected(sampleBase, kept), version: all(disk) }
        assert.deepEqual(readFileSync(file), before.content)
        const trial = tried.map((_, index) => entry(kept.length + index))
        await disk.trial(trial, async () => {
          assert.deepEqual(readFileSync(file), expected(sampleBase, [...kept, ...tried]))
        })
        assert.deepEqual({ content: readFileSync(file), version: all(disk) }, before)
      },
    ),
    { numRuns: 60 },
  )
})

test('of a torn write, only its sectors arrive', async (t) => {
  const disk = open(t, [{ at: 2, sectors: 8, fill: 1 }])
  const torn = [
    { at: 2, sectors: 1, fill: 1 },
    { at: 6, sectors: 2, fill: 1 },
  ]
  const sectors = [[0, 1] as const, [4, 6] as const]
  await disk.trial([{ entry: 0, sectors }], async () => {
    assert.deepEqual(disk.read(0, disk.bytes), expected(sampleBase, torn))
  })
})

test('the version of a place changes with what is written to its blocks, and comes back with it', async (t) => {
  const disk = open(t, [
    { at: 0, sectors: 8, fill: 1 },
    { at: 9, sectors: 1, fill: 2 },
    { at: 9, sectors: 1, fill: 3 },
  ])
  const place = (offset: number) => disk.version([{ offset, bytes: 4096 }])
  const [first, second, third] = [place(0), place(4096), place(8192)]
  const during = await disk.trial([entry(0), entry(1)], async () => [place(0), place(4096), place(8192)])
  assert.notEqual(during[0], first)
  assert.notEqual(during[1], second)
  assert.equal(during[2], third)
  assert.deepEqual([place(0), place(4096)], [first, second])
  const again = await disk.trial([entry(0), entry(1)], async () => [place(0), place(4096), place(8192)])
  assert.deepEqual(again, during, 'the same writes make the same version')
  const other = await disk.trial([entry(1), entry(2)], async () => place(4096))
  assert.notEqual(other, during[1])
  const torn = await disk.trial([{ entry: 0, sectors: [[0, 4]] }], async () => place(0))
  assert.ok(torn !== first && torn !== during[0])
})

test('a whole block says what wrote it, not what was there before', async (t) => {
  const disk = open(t, [
    { at: 0, sectors: 8, fill: 1 },
    { at: 0, sectors: 8, fill: 2 },
  ])
  const both = await disk.trial([entry(0), entry(1)], async () => all(disk))
  assert.equal(await disk.trial([entry(1)], async () => all(disk)), both)
})

test('a write behind the end of the disk is an error', (t) => {
  const disk = open(t, [{ at: diskSectors - 1, sectors: 2, fill: 1 }])
  assert.throws(() => disk.apply([entry(0)]), /behind the end/)
})

test('it is known which blocks hold nothing', async (t) => {
  const disk = open(t, [{ at: 40, sectors: 1, fill: 1 }])
  const empty = () => Array.from({ length: 8 }, (_, block) => disk.isEmpty(block))
  const before = [false, false, false, false, true, true, true, true]
  assert.deepEqual(empty(), before)
  await disk.trial([entry(0)], async () => assert.equal(disk.isEmpty(5), false))
  assert.deepEqual(empty(), before)
})
