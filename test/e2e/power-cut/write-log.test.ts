import assert from 'node:assert/strict'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '@kiln/factory/testkit/testkit'
import { run } from '@kiln/factory/tools/process'
import { LogWriter } from './log-writer.ts'
import { countEntries, type LogEntry, WriteLog } from './write-log.ts'

const plain = ({ kind, offset, bytes }: LogEntry) => ({ kind, offset, bytes })

for (const sectorBytes of [512, 4096]) {
  test(`all kinds of entries, in a log with sectors of ${sectorBytes} bytes`, (t) => {
    const file = join(temporaryFolder(t), 'log')
    const [one, two] = [Buffer.alloc(sectorBytes, 'a'), Buffer.alloc(2 * sectorBytes, 'b')]
    {
      using writer = new LogWriter(file, sectorBytes)
      writer
        .write(4 * sectorBytes, one)
        .mark('here it begins')
        .flush()
      writer
        .write(0, two, 'fua')
        .discard(8 * sectorBytes, 64 * sectorBytes)
        .write(0, one, 'flush')
    }
    using log = new WriteLog(file)
    assert.deepEqual(log.header, { entries: 6, sectorBytes })
    assert.deepEqual(log.entries.map(plain), [
      { kind: 'write', offset: 4 * sectorBytes, bytes: sectorBytes },
      { kind: 'mark', offset: 0, bytes: 0 },
      { kind: 'flush', offset: 0, bytes: 0 },
      { kind: 'write', offset: 0, bytes: 2 * sectorBytes },
      { kind: 'discard', offset: 8 * sectorBytes, bytes: 64 * sectorBytes },
      { kind: 'write', offset: 0, bytes: sectorBytes },
    ])
    assert.deepEqual(
      log.entries.map(({ flushes, durable }) => [flushes, durable]),
      [
        [false, false],
        [false, false],
        [true, false],
        [false, true],
        [false, false],
        [true, false],
      ],
    )
    const data = log.entries.map((entry) => log.data(entry))
    assert.deepEqual(data, [one, undefined, undefined, two, undefined, one])
    assert.equal(countEntries(file), 6)
  })
}

test('what QEMU writes is read', async (t) => {
  const folder = temporaryFolder(t)
  const [disk, file] = [join(folder, 'disk'), join(folder, 'log')]
  writeFileSync(disk, '')
  truncateSync(disk, 1024 * 1024)
  writeFileSync(file, '')
  const node = {
    driver: 'blklogwrites',
    file: { driver: 'raw', discard: 'unmap', file: { driver: 'file', filename: disk, discard: 'unmap' } },
    log: { driver: 'file', filename: file },
    'log-super-update-interval': 1,
  }
  const commands = [
    'write -P 0xaa 4096 1024',
    'flush',
    'discard 4096 4096',
    'write -P 0xbb 512 512',
    'write -z 16384 2048',
    'flush',
  ]
  await run('qemu-io', [
    '-t',
    'writeback',
    ...commands.flatMap((each) => ['-c', each]),
    `json:${JSON.stringify(node)}`,
  ])
  using log = new WriteLog(file)
  const last = log.entries.findLastIndex(({ kind }) => kind === 'write')
  assert.deepEqual(log.entries.slice(0, last + 2).map(plain), [
    { kind: 'write', offset: 4096, bytes: 1024 },
    { kind: 'flush', offset: 0, bytes: 0 },
    { kind: 'discard', offset: 4096, bytes: 4096 },
    { kind: 'write', offset: 512, bytes: 512 },
    { kind: 'write', offset: 16384, bytes: 2048 },
    { kind: 'flush', offset: 0, bytes: 0 },
  ])
  const contents = log.entries
    .slice(0, last + 1)
    .map((entry) => log.data(entry))
    .filter((data) => data !== undefined)
  assert.deepEqual(contents, [Buffer.alloc(1024, 0xaa), Buffer.alloc(512, 0xbb), Buffer.alloc(2048)])
})

const broken = [
  { title: 'nothing', edit: (file: string) => truncateSync(file, 0), says: /no log of writes/ },
  {
    title: 'something else',
    edit: (file: string) => writeFileSync(file, 'x'.repeat(4096)),
    says: /no log of writes/,
  },
  { title: 'a torn end', edit: (file: string) => truncateSync(file, 1000), says: /ends before entry 0 of 1/ },
] as const

for (const { title, edit, says } of broken) {
  test(`${title} instead of a log is refused`, (t) => {
    const file = join(temporaryFolder(t), 'log')
    {
      using writer = new LogWriter(file, 512)
      writer.write(0, Buffer.alloc(512))
      edit(file)
    }
    if (title === 'a torn end') truncateSync(file, 530)
    assert.throws(() => new WriteLog(file), says)
  })
}

test('data that is cut off is refused, not taken as zeros', (t) => {
  const file = join(temporaryFolder(t), 'log')
  {
    using writer = new LogWriter(file)
    writer.write(0, Buffer.alloc(4096))
  }
  truncateSync(file, 2048)
  using log = new WriteLog(file)
  const [entry] = log.entries
  assert.ok(entry)
  assert.throws(() => log.data(entry), /ends within entry 0/)
})
