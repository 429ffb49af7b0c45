import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { MiB } from './bytes.ts'
import { type DiskPlan, smallestDisk } from './disk.ts'
import {
  type DiskWrite,
  firstBootAttribute,
  firstBootTable,
  isFirstBoot,
  tableMisfit,
  tableWrites,
} from './first-boot.ts'
import { sfdiskScript } from './gpt.ts'
import { changedEntry, type GptTable, gptEntry, hasAttribute, readGptTable } from './gpt-table.ts'

const plan: DiskPlan = smallestDisk({
  firmware: 'hybrid',
  payload: { rootBytes: 10 * MiB, bootBytes: 5 * MiB },
  generations: 2,
})
const imageBytes = Math.ceil(plan.minimumBytes / MiB) * MiB
const guids = {
  disk: '00000000-0000-4000-8000-00000000000A',
  partition: ({ number }: { number: number }) => `00000000-0000-4000-8000-00000000000${number}`,
}

interface Partition {
  readonly start: number
  readonly size: number
  readonly uuid: string
  readonly name: string
  readonly attrs?: string
}

/** The table as sfdisk sees it, which also compares it with its backup. */
function sfdisk(file: string): { id: string; lastlba: number; partitions: Partition[] } {
  const { stdout, stderr, status } = spawnSync('sfdisk', ['--json', file], { encoding: 'utf8', env })
  assert.deepEqual([status, stderr], [0, ''])
  return JSON.parse(stdout).partitiontable
}
const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }

/** The first MiB of a disk. */
function headOf(file: string): Uint8Array {
  const head = new Uint8Array(MiB)
  const disk = openSync(file, 'r')
  readSync(disk, head)
  closeSync(disk)
  return head
}

function makeImage(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-first-boot-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'disk')
  writeFileSync(file, '')
  truncateSync(file, imageBytes)
  const input = sfdiskScript(plan, guids, { firstBoot: true })
  const { status, stderr } = spawnSync('sfdisk', ['--quiet', file], { input, encoding: 'utf8', env })
  assert.equal(status, 0, stderr)
  return file
}

/** Only the ends of a disk, which is all that counts here; a write elsewhere is an error. */
class Ends {
  readonly head: Uint8Array
  readonly tail: Uint8Array
  readonly bytes: number
  constructor(bytes: number, head: Uint8Array) {
    this.bytes = bytes
    this.head = Uint8Array.from(head)
    this.tail = new Uint8Array(MiB)
  }
  read = (offset: number, length: number) =>
    offset < MiB
      ? this.head.slice(offset, offset + length)
      : this.tail.slice(offset - this.bytes + MiB, offset - this.bytes + MiB + length)
  write({ offset, bytes }: DiskWrite) {
    if (offset + bytes.length <= MiB) this.head.set(bytes, offset)
    else this.tail.set(bytes, offset - this.bytes + MiB)
  }
}

function tableOf(disk: Pick<Ends, 'read'>): GptTable {
  const result = readGptTable(disk.read, 512)
  assert.ok('table' in result, JSON.stringify(result))
  return result.table
}

let count = 0
const newGuid = () => `11111111-1111-4111-8111-${(count++).toString(16).padStart(12, '0')}`.toUpperCase()

function startOn(disk: Ends): DiskWrite[] {
  const table = firstBootTable(tableOf(disk), disk.bytes, newGuid)
  return tableWrites(table, disk.read(0, 512))
}

describe('the first boot of a disk image', () => {
  for (const [what, more] of [
    ['on a larger disk', 3000 * MiB + 1536],
    ['on a disk of its size', 0],
  ] as const)
    it(`gives a table that sfdisk agrees with, ${what}`, (context) => {
      const file = makeImage(context)
      const before = sfdisk(file)
      truncateSync(file, imageBytes + more)
      const target = openSync(file, 'r+')
      for (const { bytes, offset } of startOn(new Ends(imageBytes + more, headOf(file))))
        writeSync(target, bytes, 0, bytes.length, offset)
      closeSync(target)
      const after = sfdisk(file)
      const persistent = after.partitions.at(-1)
      assert.equal(after.lastlba, (imageBytes + more) / 512 - 34)
      assert.equal(persistent?.attrs, undefined)
      const end = ((persistent?.start ?? 0) + (persistent?.size ?? 0)) * 512
      assert.equal(end, Math.floor((imageBytes + more - 33 * 512) / MiB) * MiB)
      const old = new Set([before.id, ...before.partitions.map(({ uuid }) => uuid)])
      const own = [after.id, ...after.partitions.map(({ uuid }) => uuid)]
      assert.deepEqual([new Set(own).size, own.filter((guid) => old.has(guid))], [6, []])
      const places = ({ partitions }: typeof after) =>
        partitions.slice(0, -1).map(({ start, size, name, attrs }) => [start, size, name, attrs])
      assert.deepEqual(places(after), places(before))
      const { status, stdout } = spawnSync('sfdisk', ['--verify', file], { encoding: 'utf8', env })
      assert.deepEqual([status, stdout.includes('No errors detected')], [0, true], stdout)
    })

  it('can lose its power at any point, and goes on from there', (context) => {
    const head = headOf(makeImage(context))
    const size = imageBytes + 100 * MiB
    const cut = fc.record({ whole: fc.nat({ max: 6 }), part: fc.nat({ max: 32 }) })
    fc.assert(
      fc.property(fc.array(cut, { maxLength: 4 }), (cuts) => {
        const disk = new Ends(size, head)
        const original = tableOf(disk)
        for (const each of cuts) {
          breakOff(disk, each)
          assertOldOrNew(tableOf(disk), original, size)
        }
        if (isFirstBoot(tableOf(disk))) for (const write of startOn(disk)) disk.write(write)
        assert.equal(isFirstBoot(tableOf(disk)), false)
      }),
    )
  })

  it('keeps the identities that a broken-off first boot gave', (context) => {
    const disk = new Ends(imageBytes, headOf(makeImage(context)))
    for (const write of startOn(disk).slice(0, 5)) disk.write(write)
    const { diskGuid } = tableOf(disk)
    for (const write of startOn(disk)) disk.write(write)
    assert.deepEqual([tableOf(disk).diskGuid, tableOf(disk).entriesLba], [diskGuid, 2])
  })

  it('is not for a disk that is too small, nor one whose last partition is another', (context) => {
    const table = tableOf(new Ends(imageBytes, headOf(makeImage(context))))
    assert.equal(tableMisfit(table, imageBytes), undefined)
    assert.match(tableMisfit(table, imageBytes - MiB) ?? '', /^the partitions need \d+ bytes/)
    const longer = (lastLba: number) =>
      table.entries.map((entry, at) => (at === 3 ? changedEntry(entry, { lastLba }) : entry))
    const wrong = { ...table, entries: longer(imageBytes / 512 - 40) }
    assert.equal(tableMisfit(wrong, imageBytes), 'partition persistent is not the last one')
    assert.match(tableMisfit({ ...table, firstUsableLba: 34 }, imageBytes) ?? '', /no room/)
  })

  it('says that the disk is whole in its protective entry, as far as 32 bits go', () => {
    const table = { ...emptyTable, backupLba: 2 ** 33 }
    const mbr = tableWrites(
      table,
      Uint8Array.from({ length: 512 }, (_, at) => at % 256),
    ).at(0)
    assert.deepEqual([...(mbr?.bytes.subarray(456, 464) ?? [])], [200, 201, 255, 255, 255, 255, 206, 207])
  })
})

const emptyTable: GptTable = {
  sectorBytes: 512,
  diskGuid: guids.disk,
  entriesLba: 2,
  backupLba: 4095,
  firstUsableLba: 2048,
  lastUsableLba: 4062,
  entries: Array.from({ length: 128 }, () => new Uint8Array(128)),
}

/** A first boot whose power fails after some writes, within the next one: whole sectors of it are on the disk. */
function breakOff(disk: Ends, { whole, part }: { whole: number; part: number }): void {
  if (!isFirstBoot(tableOf(disk))) return
  const writes = startOn(disk)
  assert.equal(writes.length, 7)
  for (const write of writes.slice(0, whole)) disk.write(write)
  const broken = writes[whole]
  if (broken) disk.write({ ...broken, bytes: broken.bytes.subarray(0, part * 512) })
}

function assertOldOrNew(table: GptTable, original: GptTable, size: number): void {
  if (table.entries.some((entry) => hasAttribute(entry, firstBootAttribute))) {
    assert.deepEqual(table, original)
    return
  }
  const persistent = gptEntry(table.entries[4] ?? new Uint8Array())
  assert.deepEqual([persistent?.lastLba, table.backupLba], [(size - MiB) / 512 - 1, size / 512 - 1])
  assert.notEqual(table.diskGuid, original.diskGuid)
}
