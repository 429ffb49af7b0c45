import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { MiB } from './bytes.ts'
import { smallestDisk } from './disk.ts'
import { mke2fsOptions, mkfsVfatOptions } from './file-systems.ts'

const request = {
  firmware: 'hybrid',
  payload: { rootBytes: 300 * MiB, bootBytes: 50 * MiB },
  generations: 2,
  sizes: { oem: 16 * MiB },
  extra: [
    { name: 'tiny', bytes: 2 * MiB, label: 'TINY' },
    { name: 'data', bytes: 3000 * MiB },
  ],
} as const

/** Blocks of a size that are free for files, as dumpe2fs counts them. */
function freeBytes(image: string): number {
  const { stdout } = spawnSync('dumpe2fs', ['-h', image], { encoding: 'utf8', env: environment })
  return 4096 * Number(stdout.match(/^Free blocks: +(\d+)$/m)?.[1])
}

const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', MKE2FS_CONFIG: '/dev/null' }

for (const partition of smallestDisk(request).partitions.filter(({ fs }) => fs === 'ext4'))
  test(`mke2fs makes ${partition.name}, with little for itself`, (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'kiln-mke2fs-'))
    context.after(() => rmSync(folder, { recursive: true }))
    const image = join(folder, 'image')
    writeFileSync(image, '')
    truncateSync(image, partition.bytes)
    const made = spawnSync('mke2fs', [...mke2fsOptions(partition), image], {
      encoding: 'utf8',
      env: environment,
    })
    assert.equal(made.status, 0, made.stderr)
    const taken = partition.bytes - freeBytes(image)
    assert.ok(taken < 32 * MiB + partition.bytes * (partition.role === 'persistent' ? 0.3 : 0.05), `${taken}`)
    if (partition.role === 'state')
      assert.ok(freeBytes(image) > 4 * 300 * MiB * 1.3, 'the slots fit, with their growth')
  })

/** Makes a FAT file system of a size; returns what fsck.vfat says of it. */
function makeFat(
  context: TestContext,
  partition: Parameters<typeof mkfsVfatOptions>[0],
  sectorBytes: number,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-vfat-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const image = join(folder, 'image')
  const options = [...mkfsVfatOptions(partition, sectorBytes), '-C', image, String(partition.bytes / 1024)]
  const made = spawnSync('mkfs.vfat', options, { encoding: 'utf8', env: environment })
  assert.deepEqual([made.status, made.stderr], [0, ''])
  const checked = spawnSync('fsck.vfat', ['-nv', image], { encoding: 'utf8', env: environment })
  assert.equal(checked.status, 0, checked.stdout)
  return checked.stdout
}

for (const sizeMiB of [34, 64, 65, 128, 131, 132, 232, 260, 262, 432, 2048])
  for (const sectorBytes of sizeMiB < 260 ? [512] : [512, 4096])
    test(`an EFI partition of ${sizeMiB} MiB in ${sectorBytes}-byte sectors is FAT32`, (context) => {
      const said = makeFat(context, { role: 'efi', label: 'COS_GRUB', bytes: sizeMiB * MiB }, sectorBytes)
      assert.match(said, /32 bit entries/)
      assert.ok(Number(said.match(/(\d+) data clusters/)?.[1]) >= 65_525, said)
    })

for (const [sizeMiB, sectorBytes, bits] of [
  [1, 512, 12],
  [19, 512, 12],
  [20, 512, 16],
  [259, 512, 16],
  [260, 512, 32],
  [1, 4096, 12],
  [159, 4096, 12],
  [160, 4096, 16],
  [260, 4096, 32],
] as const)
  test(`another partition of ${sizeMiB} MiB in ${sectorBytes}-byte sectors is FAT${bits}`, (context) => {
    const said = makeFat(context, { role: 'extra', bytes: sizeMiB * MiB }, sectorBytes)
    assert.match(said, new RegExp(`${bits} bit entries`))
  })
