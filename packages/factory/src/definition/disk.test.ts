import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { GiB, MiB } from '@kiln/contract'
import { expectCode, plant, temporaryFolder } from '../testkit/testkit.ts'
import { diskWish, layOutDisk } from './disk.ts'
import { loadDefinition } from './load.ts'

const distros = [{ flavor: 'debian', releases: ['13'] }]

function definition(disk: string, artifacts = 'iso'): string {
  return `name: sample\nversion: v1.0.0\nartifacts: [${artifacts}]\nimages:\n  - flavor: debian\n    release: "13"\n${disk}`
}

function load(folder: string, disk: string, artifacts?: string) {
  plant(folder, { 'kiln.yaml': definition(disk, artifacts) })
  return loadDefinition(join(folder, 'kiln.yaml'), distros)
}

describe('the disk of an image', () => {
  it('is computed where the definition says nothing', (t) => {
    const [image] = load(temporaryFolder(t), '').images
    assert.ok(image)
    assert.deepEqual(diskWish(image), { firmware: 'hybrid', generations: 2, sizes: {}, extra: [] })
    assert.equal(diskWish({ ...image, arch: 'arm64' }).firmware, 'uefi')
  })

  it('is what the definition says, in bytes', (t) => {
    const text = `    disk:
      firmware: uefi
      generations: 3
      efi: 512MiB
      state: 4GiB
      extra:
        - { name: data, size: 1.5GiB, label: DATA }
        - { name: spare, size: 100 MiB, fs: none }
`
    const [image] = load(temporaryFolder(t), text).images
    assert.ok(image)
    assert.deepEqual(diskWish(image), {
      firmware: 'uefi',
      generations: 3,
      sizes: { efi: 512 * MiB, state: 4 * GiB },
      extra: [
        { name: 'data', bytes: 1.5 * GiB, fs: 'ext4', label: 'DATA' },
        { name: 'spare', bytes: 100 * MiB, fs: 'none' },
      ],
    })
  })

  const bad = [
    ['a size without unit', 'efi: "512"', 'E-CONFIG-BAD-VALUE', 8],
    ['an unknown key', 'recovery: 1GiB', 'E-CONFIG-UNKNOWN-KEY', 8],
    ['one generation', 'generations: 1', 'E-CONFIG-BAD-VALUE', 8],
    ['a partition that is too small for anything', 'oem: 1MiB', 'E-DISK-LAYOUT', 8],
    ['a disk that is too small for anything', 'size: 300MiB', 'E-DISK-LAYOUT', 8],
    ['an extra partition with a name of ours', 'extra: [{ name: state, size: 1GiB }]', 'E-DISK-LAYOUT', 8],
  ] as const
  for (const [what, line, code, at] of bad)
    it(`is refused with ${what}`, async (t) => {
      const folder = temporaryFolder(t)
      const error = await expectCode(code, () => load(folder, `    disk:\n      ${line}\n`))
      assert.equal(error.place?.line, at)
    })

  const sizes = [
    ['3GiB', 'raw, qcow2, vhd, gce, aws, vmdk, ova, maas', []],
    ['2560MiB', 'raw, qcow2, vhd, vmdk, ova, maas', []],
    [
      '2560MiB',
      'gce, aws',
      [/^Google Compute Engine takes whole GiB, and the disk has 2\.5/, /^AWS takes whole GiB/],
    ],
    ['2.003GiB', 'raw', [/^a disk image takes whole MiB, and the disk has 2051\.07/]],
    ['3TiB', 'raw, gce', []],
    ['3TiB', 'vhd', [/^Azure takes a disk of at most 2\.0 TiB, and this one has 3 TiB/]],
  ] as const
  for (const [size, artifacts, wrong] of sizes)
    it(`of ${size} ${wrong.length > 0 ? 'is refused' : 'is taken'} as ${artifacts}`, async (t) => {
      const text = `    disk:\n      size: ${size}\n`
      if (wrong.length === 0) {
        assert.equal(load(temporaryFolder(t), text, artifacts).images.length, 1)
        return
      }
      const error = await expectCode('E-DISK-SIZE', () => load(temporaryFolder(t), text, artifacts))
      assert.deepEqual([error.findings.length, error.place?.line, error.exitCode], [wrong.length, 8, 3])
      for (const [index, pattern] of wrong.entries()) {
        assert.match(error.findings[index]?.message ?? '', pattern)
        assert.match(error.findings[index]?.hint ?? '', /leave \w+ out of artifacts$/)
      }
    })

  it('has the size that is wished, with the rest for the data', (t) => {
    const [image] = load(temporaryFolder(t), '    disk:\n      size: 8GiB\n').images
    assert.ok(image)
    const { partitions } = layOutDisk(diskWish(image), { rootBytes: 100 * MiB, bootBytes: 20 * MiB })
    const last = partitions.at(-1)
    assert.deepEqual([last?.role, (last?.start ?? 0) + (last?.bytes ?? 0)], ['persistent', 8 * GiB - MiB])
  })

  it('that is too small for its payload is refused with the sum', (t) => {
    const [image] = load(temporaryFolder(t), '    disk:\n      size: 1GiB\n').images
    assert.ok(image)
    const payload = { rootBytes: 200 * MiB, bootBytes: 40 * MiB }
    assert.throws(
      () => layOutDisk(diskWish(image), payload),
      /the disk has 1 GiB and .* are needed .* COS_STATE/,
    )
  })
})
