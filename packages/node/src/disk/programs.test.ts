import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { GiB, MiB, type PlannedPartition, planDisk, sfdiskScript, vacantBootCode } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { nodeHost } from '../host/node.ts'
import type { Disk } from './devices.ts'
import { makeFileSystem } from './mkfs.ts'
import { writePartitions } from './partitions.ts'
import { writeTable } from './sfdisk.ts'
import { DiskToolError, runTool } from './tool.ts'
import { signaturesOn } from './wipefs.ts'

/** With the programs of this machine, on files. */
const host = nodeHost()

const plan = planDisk({
  firmware: 'hybrid',
  diskBytes: 3 * GiB,
  payload: { rootBytes: 200 * MiB, bootBytes: 30 * MiB },
  generations: 2,
  extra: [{ name: 'swap', bytes: 8 * MiB, fs: 'none' }],
})

function sparseFile(context: TestContext, bytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-disk-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'disk.img')
  closeSync(openSync(file, 'w'))
  truncateSync(file, bytes)
  return file
}

test('disk: the table is the plan, and beside it only the code of the first sector stays', (context) => {
  const file = sparseFile(context, 3 * GiB)
  runTool(host, ['mke2fs', '-q', '-F', '-L', 'old', file])
  assert.deepEqual(signaturesOn(host, file), [{ type: 'ext2', label: 'old' }])
  const start = new Uint8Array(MiB)
  start.set(vacantBootCode)
  host.overwrite(file, 0, start)
  let last = 0
  const guid = () => `0a1b2c3d-0000-4000-8000-${String(++last).padStart(12, '0')}`
  writeTable(host, file, sfdiskScript(plan, { disk: guid(), partition: guid }))
  assert.deepEqual(
    signaturesOn(host, file).map(({ type }) => type),
    ['gpt'],
  )
  assert.deepEqual([...host.readBytes(file, 0, vacantBootCode.length)], vacantBootCode)
  assert.deepEqual([...host.readBytes(file, 510, 2)], [0x55, 0xaa])
  const table = tableOf(file)
  assert.equal(table.id, '0A1B2C3D-0000-4000-8000-000000000001')
  assert.deepEqual(
    table.partitions.map(({ start, size, type, name }) => ({
      start,
      size,
      type,
      name,
    })),
    plan.partitions.map(({ start, bytes, typeGuid, name }) => ({
      start: start / 512,
      size: bytes / 512,
      type: typeGuid,
      name,
    })),
  )
  assert.equal(new Set(table.partitions.map(({ uuid }) => uuid)).size, plan.partitions.length)
})

test('disk: nothing starts from an erased disk, and each disk has identities of its own', (context) => {
  const identities = new Set<string>()
  for (const _ of [1, 2]) {
    const file = sparseFile(context, 3 * GiB)
    host.overwrite(file, 0, new Uint8Array(440).fill(0xeb))
    const disk: Disk = { ...emptyDisk, name: 'test', path: file, bytes: 3 * GiB }
    const devices = writePartitions(withKernel(file), disk, plan)
    assert.deepEqual(
      [...devices.values()],
      plan.partitions.map(({ number }) => `/dev/test${number}`),
    )
    assert.deepEqual([...host.readBytes(file, 0, vacantBootCode.length)], vacantBootCode)
    const table = tableOf(file)
    for (const id of [table.id, ...table.partitions.map(({ uuid }) => uuid)]) identities.add(id)
  }
  assert.equal(identities.size, 2 * (plan.partitions.length + 1))
})

const emptyDisk: Omit<Disk, 'name' | 'path' | 'bytes'> = {
  type: 'disk',
  sectorBytes: 512,
  readOnly: false,
  removable: false,
  model: undefined,
  serial: undefined,
  table: undefined,
  fileSystem: undefined,
  label: undefined,
  partitions: [],
  mounts: [],
  holders: [],
}

interface RealTable {
  readonly id: string
  readonly partitions: readonly { start: number; size: number; type: string; name: string; uuid: string }[]
}

function tableOf(file: string): RealTable {
  return JSON.parse(execFileSync('sfdisk', ['--json', file], { encoding: 'utf8' })).partitiontable
}

/** A host whose sysfs shows the partitions of a file, as it would those of a disk; udev has nothing to do. */
function withKernel(file: string): Host {
  const folder = '/sys/class/block/test'
  const fact = (path: string): string | undefined => {
    const [, number = '', name = ''] = path.match(/^\/sys\/class\/block\/test\/test(\d+)\/(\w+)$/) ?? []
    const partition = number === '' ? undefined : tableOf(file).partitions[Number(number) - 1]
    return partition && String({ partition: number, start: partition.start, size: partition.size }[name])
  }
  return {
    ...host,
    list: (path) =>
      path === folder ? tableOf(file).partitions.map((_, index) => `test${index + 1}`) : host.list(path),
    readText: (path) => fact(path) ?? host.readText(path),
    stat: (path) => host.stat(path.startsWith('/dev/test') ? file : path),
    run: (argv, options) =>
      argv[0] === 'udevadm' ? { code: 0, stdout: '', stderr: '' } : host.run(argv, options),
  }
}

test('disk: a table that does not fit is an error with what sfdisk says', (context) => {
  const file = sparseFile(context, 64 * MiB)
  const script = sfdiskScript(plan, { disk: crypto.randomUUID(), partition: () => crypto.randomUUID() })
  assert.throws(() => writeTable(host, file, script), /^Error: sfdisk ended with 1: .*/)
})

for (const partition of plan.partitions.filter(({ role }) => role !== 'bios')) {
  test(`disk: the file system of ${partition.name}`, (context) => {
    const file = sparseFile(context, Math.min(partition.bytes, 600 * MiB))
    makeFileSystem(host, partition, file, plan.sectorBytes)
    const found = signaturesOn(host, file).map(({ type, label }) => [type, label])
    if (partition.fs === 'none') assert.deepEqual(found, [])
    else assert.deepEqual(found, [[partition.fs, partition.label]])
    if (partition.fs === 'ext4') assert.equal(host.run(['e2fsck', '-fn', file]).code, 0)
    if (partition.fs === 'vfat') assert.equal(fatBits(file), 'FAT32')
  })
}

function fatBits(file: string): string {
  const bytes = Buffer.alloc(5)
  const descriptor = openSync(file, 'r')
  readSync(descriptor, bytes, 0, 5, 82)
  closeSync(descriptor)
  return bytes.toString()
}

test('disk: two file systems have two identities', (context) => {
  const [efi] = plan.partitions.filter(({ role }) => role === 'oem') as [PlannedPartition]
  const [first, second] = [sparseFile(context, 64 * MiB), sparseFile(context, 64 * MiB)]
  const id = (file: string) =>
    execFileSync('blkid', ['-p', '-o', 'value', '-s', 'UUID', file], { encoding: 'utf8' })
  for (const file of [first, second]) makeFileSystem(host, efi, file, 512)
  assert.notEqual(id(first), id(second))
})

test('disk: a program that is missing is named', () => {
  assert.throws(() => runTool(host, ['kiln-no-such-program']), /kiln-no-such-program is not in this image/)
})

test('disk: what a program says when it fails is the message', (context) => {
  const file = sparseFile(context, 4096)
  writeFileSync(file, '')
  assert.throws(
    () => runTool(host, ['mke2fs', '-q', '-F', '-t', 'ext4', file]),
    (error) => error instanceof DiskToolError && /^mke2fs ended with \d+: \S/.test(error.message),
  )
})
