import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { freshFolder } from './harness.ts'
import { bootCut, recordWrites } from './power-cut/index.ts'
import { WriteLog } from './power-cut/write-log.ts'
import { writingDisk } from './power-cut/writing-sector.ts'

/** Enough for a BIOS under emulation on a busy machine. */
const timeoutMs = 60_000
const machine = { firmware: 'bios', noReboot: true, memoryMiB: 64, cpus: 1 } as const

test('what a machine writes is recorded, and the disk of each cut can be started', async () => {
  const folder = await freshFolder()
  const file = join(folder, 'small.raw')
  const image = writingDisk([8, 100], 'written\r\n')
  await writeFile(file, image)
  const disk = { file, format: 'raw' } as const
  const recording = await recordWrites({ machine, disk, folder }, async (running, mark) => {
    mark('started')
    await running.waitFor(/^written\n/, { timeoutMs })
    mark('written')
  })
  assert.deepEqual(await readFile(file), image, 'the disk itself is not changed')
  using log = new WriteLog(recording.log)
  const writes = log.entries.filter(({ kind }) => kind === 'write')
  assert.deepEqual(
    writes.map(({ offset, bytes }) => [offset, bytes]),
    [
      [8 * 512, 512],
      [100 * 512, 512],
    ],
  )
  for (const write of writes) assert.deepEqual(log.data(write), image.subarray(0, 512))
  const [started, written] = recording.marks
  assert.deepEqual(started, { entry: 0, phase: 'started' })
  assert.equal(written?.phase, 'written')
  assert.ok(Number(written?.entry) > Number(writes.at(-1)?.index))

  const [first] = writes
  assert.ok(first)
  const cut = { durable: 0, kept: [{ entry: first.index }] }
  const options = { machine, folder, timeoutMs, until: /^written\n/ }
  const booted = await bootCut(recording, cut, options, async ({ pid }) => pid !== undefined)
  assert.deepEqual([booted.outcome, booted.found], ['up', true])
})
