import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MiB } from '@kiln/contract'
import fc from 'fast-check'
import { extImage, isoImage, putText } from '../testkit/images.ts'
import { type FileSystem, probeFileSystem, probeLength } from './probe.ts'

function bytesWith(...parts: readonly (readonly [at: number, text: string])[]): Uint8Array {
  const bytes = new Uint8Array(probeLength)
  for (const [at, text] of parts) putText(bytes, at, text)
  return bytes
}

const extUuid = '01020304-0506-0708-090a-0b0c0d0e0f10'
const bootSector = [510, '\x55\xaa'] as const

const cases: readonly (readonly [name: string, bytes: Uint8Array, expected: FileSystem | undefined])[] = [
  ['nothing', new Uint8Array(probeLength), undefined],
  ['an empty device', new Uint8Array(0), undefined],
  ['a device of 512 bytes', new Uint8Array(512), undefined],
  ['an ISO', isoImage('COS_LIVE'), { type: 'iso9660', label: 'COS_LIVE', uuid: undefined }],
  ['an ISO without label', isoImage(''), { type: 'iso9660', label: undefined, uuid: undefined }],
  ['ext4', extImage('COS_STATE'), { type: 'ext4', label: 'COS_STATE', uuid: extUuid, bytes: MiB }],
  [
    'a label that fills its field',
    extImage('0123456789abcdef'),
    { type: 'ext4', label: '0123456789abcdef', uuid: extUuid, bytes: MiB },
  ],
  ['ext3', extImage('old', { incompat: 2 }), { type: 'ext3', label: 'old', uuid: extUuid, bytes: MiB }],
  [
    'ext2',
    extImage('', { compat: 0, incompat: 2 }),
    { type: 'ext2', label: undefined, uuid: extUuid, bytes: MiB },
  ],
  [
    'FAT32',
    bytesWith(bootSector, [82, 'FAT32   '], [71, 'COS_GRUB   '], [67, '\x78\x56\x34\x12']),
    { type: 'vfat', label: 'COS_GRUB', uuid: '1234-5678' },
  ],
  [
    'FAT16 without label',
    bytesWith(bootSector, [54, 'FAT16   '], [43, 'NO NAME    '], [39, '\xef\xbe\xad\xde']),
    { type: 'vfat', label: undefined, uuid: 'DEAD-BEEF' },
  ],
  ['a boot sector only', bytesWith(bootSector), undefined],
  ['squashfs', bytesWith([0, 'hsqs']), { type: 'squashfs', label: undefined, uuid: undefined }],
  ['xfs', bytesWith([0, 'XFSB'], [108, 'data']), { type: 'xfs', label: 'data', uuid: undefined }],
  [
    'btrfs',
    bytesWith([65536 + 64, '_BHRfS_M'], [65536 + 299, 'pool']),
    { type: 'btrfs', label: 'pool', uuid: undefined },
  ],
]

for (const [name, bytes, expected] of cases) {
  test(`probe: ${name}`, () => assert.deepEqual(probeFileSystem(bytes), expected))
}

test('probe: sizes beyond 32 bits of blocks are understood, where the file system has them', () => {
  const bytes = extImage('', { incompat: 0x80 })
  bytes.set([0, 0, 0, 0x10], 1024 + 0x4)
  bytes[1024 + 0x18] = 2
  bytes[1024 + 0x150] = 1
  assert.equal(probeFileSystem(bytes)?.bytes, (2 ** 32 + 0x1000_0000) * 4096)
  bytes[1024 + 0x60] = 0x40
  assert.equal(probeFileSystem(bytes)?.bytes, 0x1000_0000 * 4096)
})

test('probe: a hybrid medium is an ISO, boot sector or not', () => {
  const bytes = isoImage('COS_LIVE')
  putText(bytes, 510, '\x55\xaa')
  assert.equal(probeFileSystem(bytes)?.type, 'iso9660')
})

test('probe: no bytes make it fail', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 70_000 }), (bytes) => void probeFileSystem(bytes)))
})
