import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { before, describe, test } from 'node:test'
import { Payload } from '@kiln/contract'
import type { Entry } from '@kiln/factory/reproduce/compare'
import { listArtifact } from '@kiln/factory/reproduce/explain'
import { openStore } from '@kiln/factory/run/store'
import { type Built, buildExample, cacheFolder, freshFolder } from './harness.ts'

const sector = 512
/** ECMA-119: the volume identifier in the primary volume descriptor, which is in block 16 of 2048 bytes. */
const volumeName = { from: 16 * 2048 + 40, to: 16 * 2048 + 72 }
const espType = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b'

describe('the ISO, as a disc and as a disk', () => {
  let built: Built
  let image: Buffer
  let files: ReadonlyMap<string, Entry>

  before(async () => {
    built = await buildExample({ out: await freshFolder() })
    image = await readFile(built.iso)
    const toolchain = await openStore(cacheFolder).find(built.toolchain)
    assert.ok(toolchain)
    const options = { toolchain, scratch: await freshFolder(), signal: new AbortController().signal }
    files = new Map((await listArtifact('iso', built.iso, options)).map((entry) => [entry.path, entry]))
  })

  test('is named by the rules, with a digest file that sha256sum accepts', () => {
    assert.equal(basename(built.iso), 'kairos-debian-13-core-amd64-generic-v0.1.0.iso')
    execFileSync('sha256sum', ['--check', '--strict', '--status', `${built.iso}.sha256`], {
      cwd: dirname(built.iso),
    })
  })

  test('has the label that the field looks for', () => {
    assert.equal(image.toString('latin1', volumeName.from, volumeName.to).trimEnd(), 'COS_LIVE')
  })

  test('carries the payload as it is, beside it the cloud-config', async () => {
    const card = JSON.parse(await readFile(join(built.payload.folder, 'payload.json'), 'utf8'))
    const { root, kernel, initramfs, packages } = Payload.parse(card)
    for (const { file, digest } of [root, kernel, initramfs, packages]) {
      assert.equal(`sha256:${files.get(`/payload/${file}`)?.content}`, digest, file)
    }
    assert.ok(files.has('/config.yaml'))
  })

  test('shows its EFI partition in a GPT, the same bytes as the boot image of the disc', () => {
    const partitions = readGpt(image)
    const esp = partitions.find(({ type }) => type === espType)
    assert.ok(esp, 'there is a partition of the type that firmware looks for')
    const bytes = image.subarray(esp.first * sector, (esp.last + 1) * sector)
    assert.equal(createHash('sha256').update(bytes).digest('hex'), files.get('/efi.img')?.content)
  })

  test('has a boot sector that old firmware takes for a bootable disk', () => {
    assert.equal(image.readUInt16LE(510), 0xaa55)
    const entries = [0, 1, 2, 3].map((index) => image.subarray(446 + 16 * index, 462 + 16 * index))
    assert.ok(
      entries.some((entry) => entry[4] === 0xee),
      'protective entry',
    )
    assert.ok(
      entries.some((entry) => entry[0] === 0x80),
      'active entry',
    )
  })
})

interface Partition {
  readonly type: string
  /** Sectors, both ends included. */
  readonly first: number
  readonly last: number
}

/** UEFI 2.10, 5.3: header in sector 1, entries where it says. */
function readGpt(disk: Buffer): Partition[] {
  const header = disk.subarray(sector, 2 * sector)
  assert.equal(header.toString('latin1', 0, 8), 'EFI PART')
  const [start, count, size] = [
    Number(header.readBigUInt64LE(72)),
    header.readUInt32LE(80),
    header.readUInt32LE(84),
  ]
  return Array.from({ length: count }, (_, index) => {
    const entry = disk.subarray(start * sector + index * size, start * sector + (index + 1) * size)
    return {
      type: guid(entry),
      first: Number(entry.readBigUInt64LE(32)),
      last: Number(entry.readBigUInt64LE(40)),
    }
  })
}

/** The first three groups are little-endian. */
function guid(bytes: Buffer): string {
  const hex = (from: number, to: number, turned: boolean) => {
    const part = Buffer.from(bytes.subarray(from, to))
    return (turned ? part.reverse() : part).toString('hex')
  }
  return [hex(0, 4, true), hex(4, 6, true), hex(6, 8, true), hex(8, 10, false), hex(10, 16, false)].join('-')
}
