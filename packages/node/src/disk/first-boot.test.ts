import assert from 'node:assert/strict'
import { truncateSync } from 'node:fs'
import { test } from 'node:test'
import { MiB } from '@kiln/contract'
import { type Host, HostError } from '../host/host.ts'
import { assertWhole, imageBytes, machineWithImage as machine, table } from '../testkit/image-disk.ts'
import { takeOverDisk } from './first-boot.ts'

test('first boot: the disk becomes one of this machine, once', (context) => {
  const { host, file, calls } = machine(context)
  const before = table(file)
  const result = takeOverDisk(host, 'sda')
  const after = table(file)
  assert.equal(result.kind, 'done')
  assert.deepEqual(result.kind === 'done' && [result.guids, result.notes], [
    Object.fromEntries(before.partitions.map(({ uuid }, at) => [uuid, after.partitions[at]?.uuid])),
    [],
  ])
  assert.notEqual(after.id, before.id)
  const persistent = after.partitions.at(-1)
  assert.equal(persistent?.attrs, undefined)
  assert.equal((persistent?.size ?? 0) * 512, (before.partitions.at(-1)?.size ?? 0) * 512 + 500 * MiB)
  assertWhole(file)
  assert.deepEqual(calls, ['/bin/busybox blockdev --rereadpt /dev/sda'])
  assert.deepEqual(takeOverDisk(host, 'sda'), { kind: 'none' })
  assert.deepEqual(table(file), after)
})

test('first boot: a disk that was installed is left alone', (context) => {
  const { host, file, calls } = machine(context, { firstBoot: false })
  const before = table(file)
  assert.deepEqual(takeOverDisk(host, 'sda'), { kind: 'none' })
  assert.deepEqual([table(file), calls], [before, []])
})

test('first boot: a disk without a table is left alone', (context) => {
  const { host, file } = machine(context)
  truncateSync(file, 0)
  truncateSync(file, imageBytes)
  assert.deepEqual(takeOverDisk(host, 'sda'), { kind: 'none' })
})

test('first boot: after a power cut at any write it goes on, and a failing disk does not stop the boot', (context) => {
  for (let cut = 0; cut < 7; cut++) {
    const { host, file } = machine(context)
    let writes = 0
    const failing: Host = {
      ...host,
      overwrite: (path, offset, bytes) => {
        if (writes++ === cut) throw new HostError('EIO', 'overwrite', path)
        host.overwrite(path, offset, bytes)
      },
    }
    assert.deepEqual(takeOverDisk(failing, 'sda'), { kind: 'failed', why: 'overwrite /dev/sda: EIO' })
    takeOverDisk(host, 'sda')
    assertWhole(file)
    const after = table(file)
    assert.equal(after.partitions.at(-1)?.attrs, undefined, `cut at ${cut}`)
    assert.equal((after.partitions.at(-1)?.size ?? 0) * 512, (256 + 500) * MiB, `cut at ${cut}`)
    assert.deepEqual(takeOverDisk(host, 'sda'), { kind: 'none' })
  }
})

test('first boot: a disk that is smaller than the image starts as it is, with the reason', (context) => {
  const { host, file } = machine(context)
  host.write('/sys/class/block/sda/size', `${(imageBytes - 2 * MiB) / 512}\n`)
  const before = table(file)
  const result = takeOverDisk(host, 'sda')
  assert.match(result.kind === 'failed' ? result.why : '', /^\/dev\/sda: the partitions need \d+ bytes/)
  assert.deepEqual(table(file), before)
})

test('first boot: a kernel that keeps the old partitions is noted', (context) => {
  const { host } = machine(context)
  const busy: Host = { ...host, run: () => ({ code: 1, stdout: '', stderr: 'resource busy\n' }) }
  const result = takeOverDisk(busy, 'sda')
  assert.deepEqual(result.kind === 'done' && result.notes, [
    'the kernel sees the new partitions of /dev/sda only after the next boot: resource busy',
  ])
})
