import assert from 'node:assert/strict'
import { test } from 'node:test'
import { embedGrub, GrubEmbedError } from './grub-embed.ts'
import { grubImages } from './testkit/grub-images.ts'

/** Reads a disk as the code in the two parts does, and returns what ends up in memory. */
function boot(disk: Uint8Array): Uint8Array {
  const view = new DataView(disk.buffer, disk.byteOffset, disk.length)
  const first = Number(view.getBigUint64(0x5c, true)) * 512
  const memory = [disk.subarray(first, first + 512)]
  let segment = 0x820
  for (let entry = first + 500; view.getUint16(entry + 8, true) !== 0; entry -= 12) {
    const start = Number(view.getBigUint64(entry, true)) * 512
    const bytes = view.getUint16(entry + 8, true) * 512
    assert.equal(view.getUint16(entry + 10, true), segment)
    memory.push(disk.subarray(start, start + bytes))
    segment += bytes / 16
  }
  return Buffer.concat(memory)
}

for (const [start, coreBytes] of [
  [34, 1024],
  [2048, 3000],
  [2048, 153_182],
  [5_000_000_000, 1025],
] as const) {
  test(`grub: a core of ${coreBytes} bytes at sector ${start} is loaded whole`, () => {
    const images = grubImages(coreBytes)
    const { bootCode, core } = embedGrub(images, start, 2048)
    assert.equal(bootCode.length, 440)
    const low = Math.min(start, 4096)
    const disk = new Uint8Array((low + 2048) * 512)
    disk.set(bootCode)
    disk.set(core, low * 512)
    const address = new DataView(disk.buffer)
    assert.equal(address.getBigUint64(0x5c, true), BigInt(start))
    // Far positions are checked as numbers, and then brought near for the reading.
    assert.equal(address.getBigUint64(low * 512 + 500, true), BigInt(start + 1))
    address.setBigUint64(0x5c, BigInt(low), true)
    address.setBigUint64(low * 512 + 500, BigInt(low + 1), true)
    const loaded = boot(disk)
    assert.deepEqual(loaded.subarray(512, coreBytes), Buffer.from(images.core.subarray(512)))
    assert.deepEqual(loaded.subarray(0, 500), Buffer.from(images.core.subarray(0, 500)))
    assert.ok(loaded.subarray(coreBytes).every((byte) => byte === 0))
  })
}

test('grub: outside of the patched places the boot code is the image, and the images stay as they are', () => {
  const images = grubImages()
  const before = structuredClone(images)
  const { bootCode } = embedGrub(images, 2048, 2048)
  assert.deepEqual(images, before)
  const changed = [...bootCode].flatMap((byte, at) => (byte === images.boot[at] ? [] : [at]))
  assert.deepEqual(changed, [0x5c, 0x5d, 0x66, 0x67])
  assert.deepEqual([bootCode[0x66], bootCode[0x67], bootCode[0x64]], [0x90, 0x90, 0xff])
})

const bad: readonly (readonly [what: string, run: () => unknown])[] = [
  ['a core that is too large for its place', () => embedGrub(grubImages(3000), 2048, 5)],
  ['a core that BIOS cannot load', () => embedGrub(grubImages(500_000), 2048, 2048)],
  ['a core of one sector', () => embedGrub(grubImages(512), 2048, 2048)],
  ['a place that is the boot sector', () => embedGrub(grubImages(), 0, 2048)],
  ['a core that has its place already', () => embedGrub(placed(), 2048, 2048)],
  [
    'a boot image of another kind',
    () => embedGrub({ ...grubImages(), boot: new Uint8Array(512) }, 2048, 2048),
  ],
  [
    'a boot image with bytes behind it',
    () => embedGrub({ ...grubImages(), boot: new Uint8Array(1024) }, 2048, 2048),
  ],
]

function placed() {
  const images = grubImages()
  return { ...images, core: embedGrub(images, 64, 64).core }
}

for (const [what, run] of bad) test(`grub: ${what} is refused`, () => assert.throws(run, GrubEmbedError))
