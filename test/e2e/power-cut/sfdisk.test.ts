import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type GptTable, MiB, readGptTable, tableWrites } from '@kiln/contract'
import { temporaryFolder } from '@kiln/factory/testkit/testkit'
import { tool } from './sample-disk.ts'
import { overwrite } from './script.ts'
import { readTable } from './sfdisk.ts'

const diskBytes = 16 * MiB
const sectors = diskBytes / 512

function makeDisk(t: TestContext): string {
  const file = join(temporaryFolder(t), 'disk')
  writeFileSync(file, '')
  truncateSync(file, diskBytes)
  tool(
    'sfdisk',
    ['--quiet', file],
    'label: gpt\nstart=2048, size=4096, name="efi"\nsize=8192, name="state"\n',
  )
  return file
}

function tableOf(file: string): GptTable {
  const disk = readFileSync(file)
  const read = readGptTable((offset, length) => disk.subarray(offset, offset + length), 512)
  assert.ok('table' in read)
  return read.table
}

const partitions = [
  { name: 'efi', offset: MiB, bytes: 2 * MiB },
  { name: 'state', offset: 3 * MiB, bytes: 4 * MiB },
]

test('partitions by their names, in bytes', async (t) => {
  assert.deepEqual(await readTable(makeDisk(t)), { partitions })
})

test('a damaged primary table is a problem, though its backup would do', async (t) => {
  const file = makeDisk(t)
  overwrite(file, 512 + 60, Buffer.from('damage'))
  assert.match((await readTable(file)).problem ?? '', /primary/i)
})

test('a damaged backup stops nothing', async (t) => {
  const file = makeDisk(t)
  overwrite(file, (sectors - 1) * 512, Buffer.alloc(512))
  assert.deepEqual(await readTable(file), { partitions })
})

test('no table at all', async (t) => {
  const file = makeDisk(t)
  overwrite(file, 0, Buffer.alloc(MiB))
  overwrite(file, diskBytes - MiB, Buffer.alloc(MiB))
  const { problem, partitions: none } = await readTable(file)
  assert.deepEqual(none, [])
  assert.ok(problem)
})

test('a table that is being replaced is whole after each write', async (t) => {
  const file = makeDisk(t)
  const table = { ...tableOf(file), diskGuid: '11111111-1111-4111-8111-111111111111' }
  const writes = tableWrites(table, readFileSync(file).subarray(0, 512))
  for (const { offset, bytes } of writes) {
    overwrite(file, offset, bytes)
    assert.deepEqual(await readTable(file), { partitions }, `after the write at ${offset}`)
  }
})
