import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { GiB, MiB } from '@kiln/contract'
import { expectCode, plant, temporaryFolder } from '../testkit/testkit.ts'
import { diskWish } from './disk.ts'
import { loadDefinition } from './load.ts'

const distros = [{ flavor: 'debian', releases: ['13'] }]

function definition(disk: string): string {
  return `name: sample\nversion: v1.0.0\nimages:\n  - flavor: debian\n    release: "13"\n${disk}`
}

function load(folder: string, disk: string) {
  plant(folder, { 'kiln.yaml': definition(disk) })
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
    ['a size without unit', 'efi: "512"', 'E-CONFIG-BAD-VALUE', 7],
    ['an unknown key', 'recovery: 1GiB', 'E-CONFIG-UNKNOWN-KEY', 7],
    ['one generation', 'generations: 1', 'E-CONFIG-BAD-VALUE', 7],
    ['a partition that is too small for anything', 'oem: 1MiB', 'E-DISK-LAYOUT', 7],
    ['an extra partition with a name of ours', 'extra: [{ name: state, size: 1GiB }]', 'E-DISK-LAYOUT', 7],
  ] as const
  for (const [what, line, code, at] of bad)
    it(`is refused with ${what}`, async (t) => {
      const folder = temporaryFolder(t)
      const error = await expectCode(code, () => load(folder, `    disk:\n      ${line}\n`))
      assert.equal(error.place?.line, at)
    })
})
