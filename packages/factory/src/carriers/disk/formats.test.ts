import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { MiB } from '@kiln/contract'
import { runTool } from '../../testkit/sample-disk.ts'
import { noise } from '../../testkit/sample-payload.ts'
import { temporaryFolder } from '../../testkit/testkit.ts'
import { mapData, mappedDigest, withPlaces } from './data-map.ts'
import type { DiskSource } from './disk-source.ts'
import { writeGce } from './gce.ts'
import { writeGzip } from './gzip.ts'
import { writeRawGzip } from './maas.ts'
import { writeQcow2 } from './qcow2.ts'
import { writeSparse } from './sparse.ts'
import { vhdFooter, vhdGeometry, writeVhd } from './vhd.ts'
import { writeVmdk } from './vmdk.ts'

const KiB = 1024
const uuid = '00010203-0405-4607-8809-0a0b0c0d0e0f'

/** Disks of all shapes: place → bytes of content. */
const disks: Readonly<Record<string, { bytes: number; content: Readonly<Record<number, number>> }>> = {
  'an empty one': { bytes: 3 * MiB, content: {} },
  'one with something in its first and its last sector': {
    bytes: 5 * MiB,
    content: { 0: 512, [5 * MiB - 512]: 512 },
  },
  'a full one': { bytes: 2 * MiB, content: { 0: 2 * MiB } },
  'one with many holes': {
    bytes: 70 * MiB,
    content: Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [index * MiB + index * 512, 70 * KiB]),
    ),
  },
  'one with far apart ends': { bytes: 514 * MiB, content: { [100 * KiB]: 5000, [513 * MiB]: 4 * KiB } },
}

async function makeDisk(folder: string, name: string): Promise<{ file: string; source: DiskSource }> {
  const { bytes, content } = disks[name] ?? assert.fail(name)
  const file = join(folder, 'disk.raw')
  writeFileSync(file, '')
  runTool('truncate', [`--size=${bytes}`, file])
  const handle = await open(file, 'r+')
  for (const [at, length] of Object.entries(content)) await handle.write(noise(length), 0, length, Number(at))
  const { runs } = await mapData(handle, bytes)
  await handle.close()
  const image = readFileSync(file)
  const read: DiskSource['read'] = async (offset, length) => image.subarray(offset, offset + length)
  return { file, source: { bytes, runs, read } }
}

const identity = { uuid, epoch: 1_700_000_000 }
const formats: readonly (readonly [string, (disk: DiskSource, target: string) => Promise<void>])[] = [
  ['qcow2', writeQcow2],
  ['vpc', (disk, target) => writeVhd(disk, target, identity)],
  ['vmdk', (disk, target) => writeVmdk(disk, target, { name: 'disk.vmdk', contentId: '0badcafe' })],
  ['raw', writeSparse],
]

describe('every format', () => {
  for (const name of Object.keys(disks))
    it(`holds ${name}, as QEMU reads it, and twice the same bytes`, async (t) => {
      const folder = temporaryFolder(t)
      const { file, source } = await makeDisk(folder, name)
      for (const [format, write] of formats) {
        const [first, second] = [join(folder, `a.${format}`), join(folder, `b.${format}`)]
        await write(source, first)
        await write(source, second)
        runTool('qemu-img', ['compare', '-f', 'raw', '-F', format, file, first])
        const info = JSON.parse(runTool('qemu-img', ['info', '--output=json', '-f', format, first]))
        assert.equal(info['virtual-size'], source.bytes, format)
        if (format === 'qcow2') runTool('qemu-img', ['check', '-f', format, first])
        runTool('cmp', [first, second])
        assert.ok(statSync(first).blocks * 512 < dataBytes(name) + 4 * MiB, `${format} is sparse`)
      }
    })

  for (const name of ['an empty one', 'one with many holes', 'one with far apart ends'])
    it(`of a cloud holds ${name}, as GNU tar and gzip read it`, async (t) => {
      const folder = temporaryFolder(t)
      const { file, source } = await makeDisk(folder, name)
      const archive = join(folder, 'a.tar.gz')
      await writeGce(source, archive, identity.epoch)
      assert.equal(runTool('tar', ['--list', '--file', archive]), 'disk.raw\n')
      mkdirSync(join(folder, 'out'))
      runTool('tar', ['--extract', `--file=${archive}`, `--directory=${join(folder, 'out')}`])
      runTool('cmp', [file, join(folder, 'out/disk.raw')])
      const header = gunzipSync(readFileSync(archive)).subarray(0, 512)
      assert.deepEqual(
        [header.toString('latin1', 257, 265), header.toString('latin1', 156, 157)],
        ['ustar  \0', 'S'],
      )
      const packed = join(folder, 'a.raw.gz')
      await writeRawGzip(source, packed)
      runTool('sh', ['-euc', `gzip -dc "$1" | cmp - "$2"`, 'sh', packed, file])
    })
})

describe('a gzip member', () => {
  it('is one, of any pieces', async (t) => {
    const file = join(temporaryFolder(t), 'a.gz')
    const pieces = [noise(3), Buffer.alloc(MiB), noise(70_000), Buffer.alloc(0), Buffer.alloc(MiB)]
    const handle = await open(file, 'w')
    await writeGzip(
      (async function* () {
        yield* pieces
      })(),
      handle,
    )
    await handle.close()
    assert.deepEqual(gunzipSync(readFileSync(file)), Buffer.concat(pieces))
    runTool('gzip', ['--test', file])
  })
})

describe('the map of a disk', () => {
  it('is whole blocks, in order, all that is not zero, and gives the same digest', async (t) => {
    const content = Buffer.alloc(3 * MiB + 512)
    for (const at of [70_000, 2 * MiB, 2 * MiB + 66_000, 3 * MiB + 511]) content[at] = 1
    const file = join(temporaryFolder(t), 'disk')
    writeFileSync(file, content)
    const handle = await open(file)
    const { hex, runs } = await mapData(handle, content.length).finally(() => handle.close())
    assert.deepEqual(
      runs.map(({ offset, bytes }) => [offset, bytes]),
      [
        [64 * KiB, 64 * KiB],
        [2 * MiB, 128 * KiB],
        [3 * MiB, 512],
      ],
    )
    assert.equal(hex, createHash('sha256').update(content).digest('hex'))
    assert.equal(await mappedDigest(file, content.length, runs), hex)
  })

  it('gets further places, each block once', () => {
    const runs = [{ offset: 128 * KiB, bytes: 64 * KiB }]
    const places = [
      { offset: 130 * KiB, bytes: 512 },
      { offset: 191 * KiB, bytes: 2 * KiB },
      { offset: MiB - 512, bytes: 512 },
    ]
    assert.deepEqual(withPlaces(runs, places, MiB), [
      { offset: 128 * KiB, bytes: 128 * KiB },
      { offset: MiB - 64 * KiB, bytes: 64 * KiB },
    ])
  })
})

describe('the footer of a VHD', () => {
  // The specification's own way of counting; sizes at its turns.
  const geometries: readonly (readonly [sectors: number, ...chs: number[]])[] = [
    [4 * 17 * 100, 100, 4, 17],
    [2048 * 100, 1003, 12, 17],
    [2048 * 1024, 2080, 16, 63],
    [65_535 * 16 * 63, 16_191, 16, 255],
    [65_535 * 16 * 255 + 5, 65_535, 16, 255],
  ]
  for (const [sectors, ...chs] of geometries)
    it(`has the geometry of ${sectors} sectors`, () => {
      const { cylinders, heads, sectors: perTrack } = vhdGeometry(sectors)
      assert.deepEqual([cylinders, heads, perTrack], chs)
    })

  it('says what Azure wants: fixed, the size before it, a sum, an identity in binary', () => {
    const footer = vhdFooter(30 * MiB, identity)
    assert.equal(footer.toString('latin1', 0, 8), 'conectix')
    assert.deepEqual([footer.readUInt32BE(60), Number(footer.readBigUInt64BE(48))], [2, 30 * MiB])
    assert.equal(footer.toString('hex', 68, 84), uuid.replaceAll('-', ''))
    const sum =
      footer.reduce((total, byte) => total + byte, 0) - footer.subarray(64, 68).reduce((a, b) => a + b, 0)
    assert.equal(footer.readUInt32BE(64), ~sum >>> 0)
  })
})

function dataBytes(name: string): number {
  return Object.values(disks[name]?.content ?? {}).reduce((sum, bytes) => sum + bytes + 128 * KiB, 0)
}
