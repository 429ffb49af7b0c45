import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '@kiln/factory/testkit/testkit'
import { noise } from '@kiln/node/testkit/payload-files'
import { type FatFile, readFat } from './fat.ts'
import { tool } from './sample-disk.ts'

const content: Readonly<Record<string, Buffer>> = {
  'EFI/BOOT/BOOTX64.EFI': noise('loader', 3000),
  'EFI/kiln/a-file-with-a-rather-long-name.efi': noise('uki', 70_000),
  'loader/entries/kiln-2+3.conf': Buffer.from('title two\n'),
  'loader/empty': Buffer.alloc(0),
}

/** A FAT32 file system as mkfs.vfat and mtools make it. */
function makeVolume(t: TestContext): { file: string; bytes: Buffer } {
  const folder = temporaryFolder(t)
  const file = join(folder, 'fat')
  writeFileSync(file, '')
  truncateSync(file, 36 * 1024 * 1024)
  tool('mkfs.vfat', ['-F', '32', '-s', '1', '-i', '12345678', file])
  const folders = ['EFI', 'EFI/BOOT', 'EFI/kiln', 'loader', 'loader/entries']
  for (const each of folders) tool('mmd', ['-i', file, `::/${each}`])
  for (const [path, bytes] of Object.entries(content)) {
    writeFileSync(join(folder, 'source'), bytes)
    tool('mcopy', ['-i', file, join(folder, 'source'), `::/${path}`])
  }
  return { file, bytes: readFileSync(file) }
}

const volumeOf = (bytes: Buffer) => readFat((offset, length) => bytes.subarray(offset, offset + length))

function find(bytes: Buffer, path: string): FatFile {
  const file = volumeOf(bytes).files.find((each) => each.path === path.toLowerCase())
  assert.ok(file, `${path} is there`)
  return file
}

const contentOf = (bytes: Buffer, { ranges }: FatFile) =>
  Buffer.concat(ranges.map((range) => bytes.subarray(range.offset, range.offset + range.bytes)))

/** Byte of a cluster's entry in the first table. */
function tableEntry(bytes: Buffer, cluster: number): number {
  return bytes.readUInt16LE(14) * bytes.readUInt16LE(11) + cluster * 4
}

function firstCluster(bytes: Buffer, path: string): number {
  const dataSector = bytes.readUInt16LE(14) + bytes.readUInt8(16) * bytes.readUInt32LE(36)
  const offset = find(bytes, path).ranges[0]?.offset ?? 0
  return offset / 512 - dataSector + 2
}

test('what mtools wrote is read', (t) => {
  const { bytes } = makeVolume(t)
  const { files, ...rest } = volumeOf(bytes)
  assert.deepEqual(rest, { hazards: [] })
  assert.deepEqual(
    files.map(({ path }) => path).toSorted(),
    Object.keys(content)
      .map((path) => path.toLowerCase())
      .toSorted(),
  )
  for (const [path, expected] of Object.entries(content)) {
    const file = find(bytes, path)
    assert.deepEqual([file.bytes, file.problem], [expected.length, undefined])
    assert.ok(contentOf(bytes, file).equals(expected), path)
  }
})

test('a fragmented file is read in its order', (t) => {
  const { file } = makeVolume(t)
  const source = `${file}.source`
  tool('mdel', ['-i', file, '::/EFI/BOOT/BOOTX64.EFI'])
  writeFileSync(source, noise('fragmented', 9000))
  tool('mcopy', ['-i', file, source, '::/fragmented'])
  const bytes = readFileSync(file)
  const found = find(bytes, 'fragmented')
  assert.ok(contentOf(bytes, found).equals(noise('fragmented', 9000)))
})

const long = 'EFI/kiln/a-file-with-a-rather-long-name.efi'
const damages = [
  { title: 'a chain that leads to a free cluster', value: 0, says: /broken/ },
  { title: 'a chain that leads behind the end', value: 0x0eff_ffff, says: /broken/ },
  { title: 'a chain that ends too early', value: 0x0fff_ffff, says: /too short/ },
] as const

for (const { title, value, says } of damages) {
  test(`${title} makes the file unreadable`, (t) => {
    const { bytes } = makeVolume(t)
    const cluster = firstCluster(bytes, long) + 20
    bytes.writeUInt32LE(value, tableEntry(bytes, cluster))
    assert.match(find(bytes, long).problem ?? '', says)
  })
}

test('a chain without an end is found out', (t) => {
  const { bytes } = makeVolume(t)
  const cluster = firstCluster(bytes, long)
  bytes.writeUInt32LE(cluster, tableEntry(bytes, cluster + 1))
  assert.match(find(bytes, long).problem ?? '', /no end/)
})

test('files that share clusters are named', (t) => {
  const { bytes } = makeVolume(t)
  const loader = firstCluster(bytes, 'EFI/BOOT/BOOTX64.EFI')
  bytes.writeUInt32LE(loader + 2, tableEntry(bytes, firstCluster(bytes, long) + 30))
  assert.equal(volumeOf(bytes).hazards.length, 1)
  assert.match(volumeOf(bytes).hazards[0] ?? '', /bootx64\.efi.*a-file/)
})

test('a long name that is not whole leaves the short one', (t) => {
  const { bytes } = makeVolume(t)
  const at = bytes.indexOf(Buffer.from('kiln-', 'utf16le')) - 1
  assert.ok(at > 0)
  bytes.writeUInt8((bytes[at + 13] ?? 0) ^ 1, at + 13)
  const paths = volumeOf(bytes).files.map(({ path }) => path)
  assert.ok(!paths.includes('loader/entries/kiln-2+3.conf'))
  assert.ok(
    paths.some((path) => /^loader\/entries\/kiln-.*~1\.con$/.test(path)),
    paths.join(' '),
  )
})

test('a folder that cannot be followed is named', (t) => {
  const { bytes } = makeVolume(t)
  const folder = firstCluster(bytes, 'EFI/BOOT/BOOTX64.EFI') - 4
  for (let cluster = folder; cluster < folder + 4; cluster++)
    bytes.writeUInt32LE(0, tableEntry(bytes, cluster))
  assert.match(volumeOf(bytes).hazards.join(), /folder \/efi.*broken/)
})

for (const [title, bytes] of [
  ['zeros', Buffer.alloc(4096)],
  ['nothing', Buffer.alloc(0)],
] as const) {
  test(`${title} is no file system`, () => {
    assert.deepEqual(volumeOf(bytes), { files: [], problem: 'there is no boot sector', hazards: [] })
  })
}

test('FAT16 is not what firmware must read here', (t) => {
  const file = join(temporaryFolder(t), 'fat16')
  writeFileSync(file, '')
  truncateSync(file, 16 * 1024 * 1024)
  tool('mkfs.vfat', ['-F', '16', file])
  assert.equal(volumeOf(readFileSync(file)).problem, 'it is not FAT32')
})
