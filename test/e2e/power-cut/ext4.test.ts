import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '@kiln/factory/testkit/testkit'
import { noise } from '@kiln/node/testkit/payload-files'
import { Digests, digestOf } from './digests.ts'
import { Ext4Inspector } from './ext4.ts'
import { LogWriter } from './log-writer.ts'
import { ReplayDisk } from './replay-disk.ts'
import { tool } from './sample-disk.ts'
import { overwrite, Script } from './script.ts'
import { WriteLog } from './write-log.ts'

const mebibyte = 1024 * 1024
/** Not at the start of the disk, as on real ones. */
const partition = { offset: 2 * mebibyte, bytes: 24 * mebibyte }
const root = noise('root', 1_000_000)
const at = (file: string) => `${file}?offset=${partition.offset}`

function makeBase(t: TestContext): { folder: string; base: string } {
  const folder = temporaryFolder(t)
  const source = join(folder, 'source')
  mkdirSync(join(source, 'kiln'), { recursive: true })
  mkdirSync(join(source, 'slots/one'), { recursive: true })
  writeFileSync(join(source, 'kiln/record.0.json'), 'old record')
  writeFileSync(join(source, 'slots/one/root.img'), root)
  writeFileSync(join(source, 'slots/one/payload.json'), 'card')
  const base = join(folder, 'base')
  writeFileSync(base, '')
  truncateSync(base, partition.offset + partition.bytes)
  const options = ['-q', '-F', '-t', 'ext4', '-b', '4096', '-J', 'size=4', '-O', '^orphan_file', '-d', source]
  tool('mke2fs', [...options, '-E', `offset=${partition.offset}`, base, `${partition.bytes / 1024}k`])
  return { folder, base }
}

function inspect(t: TestContext, folder: string, base: string, log: string) {
  const writes = new WriteLog(log)
  const disk = new ReplayDisk(base, join(folder, 'disk'), writes)
  t.after(() => {
    disk[Symbol.dispose]()
    writes[Symbol.dispose]()
  })
  const inspector = new Ext4Inspector({
    disk,
    digests: new Digests(disk),
    scratch: join(folder, 'partition'),
    folders: ['kiln', 'slots'],
  })
  return { disk, look: () => inspector.look(partition) }
}

function emptyLog(folder: string): string {
  const file = join(folder, 'log')
  new LogWriter(file)[Symbol.dispose]()
  return file
}

function debugfs(file: string, commands: readonly string[]): void {
  tool('debugfs', ['-w', '-f', '-', at(file)], `${commands.join('\n')}\n`)
}

const healthy = {
  'kiln/record.0.json': digestOf('old record'),
  'slots/one/root.img': digestOf(root),
  'slots/one/payload.json': digestOf('card'),
}

type Facts = Awaited<ReturnType<Ext4Inspector['look']>>
const digests = ({ files }: Facts) =>
  Object.fromEntries(Object.entries(files).map(([path, { digest }]) => [path, digest]))

test('files are found, small ones with their content', async (t) => {
  const { folder, base } = makeBase(t)
  const { look } = inspect(t, folder, base, emptyLog(folder))
  const facts = await look()
  assert.equal(facts.problem, undefined)
  assert.deepEqual(digests(facts), healthy)
  assert.equal(facts.files['kiln/record.0.json']?.content?.toString(), 'old record')
  assert.equal(facts.files['slots/one/root.img']?.content, undefined)
  assert.deepEqual(await look(), facts, 'the second look copies less, and sees the same')
})

test('the journal is replayed, and the disk itself stays as it was', async (t) => {
  const { folder, base } = makeBase(t)
  const [block] = tool('debugfs', ['-R', 'blocks /kiln/record.0.json', at(base)])
    .trim()
    .split(' ')
  const fresh = join(folder, 'fresh')
  writeFileSync(fresh, Buffer.alloc(4096).fill('new record', 0, 10))
  debugfs(base, ['jo -c', `jw -b ${block} ${fresh}`, 'jc'])
  const before = readFileSync(base)
  const { look, disk } = inspect(t, folder, base, emptyLog(folder))
  const facts = await look()
  assert.equal(facts.problem, undefined)
  assert.equal(facts.files['kiln/record.0.json']?.content?.toString(), 'new record')
  assert.ok(readFileSync(disk.file).equals(before))
})

test('one changed sector of a large file is seen, and its return, too', async (t) => {
  const { folder, base } = makeBase(t)
  const [first = ''] = tool('debugfs', ['-R', 'blocks /slots/one/root.img', at(base)])
    .trim()
    .split(' ')
  const log = join(folder, 'log')
  {
    using script = new Script(base, join(folder, 'edited'), log)
    const place = partition.offset + (Number(first) + 100) * 4096 + 1024
    script.write(script.change((file) => overwrite(file, place, noise('damage', 512))))
  }
  const { look, disk } = inspect(t, folder, base, log)
  assert.deepEqual(digests(await look()), healthy)
  const changed = Buffer.from(root)
  noise('damage', 512).copy(changed, 100 * 4096 + 1024)
  await disk.trial([{ entry: 0 }], async () => {
    assert.equal(digests(await look())['slots/one/root.img'], digestOf(changed))
  })
  assert.deepEqual(digests(await look()), healthy)
})

test('a renamed and a new file are seen after the change, whatever was left out of the copy before', async (t) => {
  const { folder, base } = makeBase(t)
  const log = join(folder, 'log')
  const source = join(folder, 'other')
  writeFileSync(source, noise('other', 700_000))
  {
    using script = new Script(base, join(folder, 'edited'), log)
    const commands = [
      'mkdir /slots/two',
      `write ${source} /slots/two/root.img`,
      'rm /slots/one/root.img',
      `write ${source} /slots/one/root.img`,
    ]
    script.write(script.change((file) => debugfs(file, commands)))
  }
  const { look, disk } = inspect(t, folder, base, log)
  await look()
  const writes = new WriteLog(log).entries.map(({ index }) => ({ entry: index }))
  await disk.trial(writes, async () => {
    const facts = await look()
    assert.equal(facts.problem, undefined)
    const other = digestOf(noise('other', 700_000))
    assert.equal(digests(facts)['slots/two/root.img'], other)
    assert.equal(digests(facts)['slots/one/root.img'], other)
  })
  assert.deepEqual(digests(await look()), healthy)
})

test('holes are zeros', async (t) => {
  const { folder, base } = makeBase(t)
  const sparse = join(folder, 'sparse')
  writeFileSync(sparse, noise('start', 4096))
  truncateSync(sparse, 900_000)
  debugfs(base, [`write ${sparse} /slots/one/sparse`])
  const { look } = inspect(t, folder, base, emptyLog(folder))
  assert.equal(digests(await look())['slots/one/sparse'], digestOf(readFileSync(sparse)))
})

test('what can be mended without asking is', async (t) => {
  const { folder, base } = makeBase(t)
  debugfs(base, ['clri /slots/one/payload.json'])
  const { look } = inspect(t, folder, base, emptyLog(folder))
  const facts = await look()
  assert.equal(facts.problem, undefined)
  assert.equal(digests(facts)['slots/one/payload.json'], undefined)
  assert.equal(digests(facts)['slots/one/root.img'], digestOf(root))
})

test('two files with the same blocks are damage that is not mended', async (t) => {
  const { folder, base } = makeBase(t)
  const [block] = tool('debugfs', ['-R', 'blocks /kiln/record.0.json', at(base)])
    .trim()
    .split(' ')
  debugfs(base, [`sif /slots/one/payload.json block[3] 1`, `sif /slots/one/payload.json block[5] ${block}`])
  const { look } = inspect(t, folder, base, emptyLog(folder))
  const facts = await look()
  assert.equal(digests(facts)['slots/one/root.img'], digestOf(root), 'what can be read is still told')
  assert.match(facts.problem ?? '', /UNEXPECTED INCONSISTENCY|Multiply-claimed|run fsck/i)
})

test('what is no file system has no files', async (t) => {
  const folder = temporaryFolder(t)
  const base = join(folder, 'base')
  writeFileSync(base, '')
  truncateSync(base, partition.offset + partition.bytes)
  const { look } = inspect(t, folder, base, emptyLog(folder))
  const { problem, files } = await look()
  assert.deepEqual(files, {})
  assert.match(problem ?? '', /superblock/i)
})
