import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, open, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { before, describe, test } from 'node:test'
import { type ArtifactKind, artifactKinds, isBoardArtifact, isDiskArtifact } from '@kiln/contract'
import type { Verification } from '@kiln/factory/verify/verify'
import { buildArtifacts } from './disk-build.ts'
import { freshFolder, isKiln, kiln, writeCloudConfig } from './harness.ts'

const [mebibyte, gibibyte] = [2 ** 20, 2 ** 30]
/** All of a generic machine, but for container images, which are looked at where they are made. */
const kinds = artifactKinds.filter(
  (kind) => kind === 'iso' || (isDiskArtifact(kind) && !isBoardArtifact(kind)),
)

let folder: string
let built: Awaited<ReturnType<typeof buildArtifacts>>
before(async () => {
  folder = await freshFolder()
  built = await buildArtifacts(folder, kinds)
})

const run = (program: string, ...args: readonly string[]) =>
  execFileSync(program, args, {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
  })
const path = (kind: ArtifactKind) => built.path(kind)
const tableOf = (file: string) => JSON.parse(run('sfdisk', '--json', file)).partitiontable
const verify = async (file: string) =>
  (await kiln(['verify', file])) as Verification & { readonly valid: boolean }

describe('all artifacts of one build', () => {
  test('carry the same payload, down to its digest', async () => {
    for (const kind of kinds) {
      const { payload, valid } = await verify(path(kind))
      assert.deepEqual([valid, payload?.digest], [true, built.payload], kind)
    }
  })
})

async function bytesAt(file: string, offset: number, length: number): Promise<Buffer> {
  const handle = await open(file)
  const buffer = Buffer.alloc(length)
  await handle.read(buffer, 0, length, offset).finally(() => handle.close())
  return buffer
}

/** The last sector of a VHD. */
async function footerOf(file: string): Promise<Buffer> {
  return bytesAt(file, (await stat(file)).size - 512, 512)
}

/** Names in a folder of COS_OEM, as debugfs reads it. */
function namesOnOem(disk: string, of: string): string[] {
  const { partitions } = tableOf(disk)
  const oem = partitions.find(({ name }: { name: string }) => name === 'oem')
  const file = join(folder, 'oem.img')
  const blocks = [`skip=${oem.start / 2048}`, `count=${oem.size / 2048}`]
  run('dd', `if=${disk}`, `of=${file}`, 'bs=1M', ...blocks, 'status=none')
  const lines = run('debugfs', '-R', `ls -p ${of}`, file).split('\n')
  const names = lines.flatMap((line) => line.split('/')[5] ?? [])
  return names.filter((name) => !['', '.', '..'].includes(name)).sort()
}

/** Cases that the field's own tests have, by their numbers; what they ask of files, read by programs that are not Kiln's. */
const cases: readonly (readonly [id: string, what: string, look: () => void | Promise<void>])[] = [
  [
    'ISO-01',
    'files are named by flavor, release, variant, architecture, device and version, with digests beside them',
    async () => {
      for (const kind of kinds) {
        assert.match(basename(path(kind)), /^kairos-debian-13-core-amd64-generic-v0\.1\.0\./)
        assert.ok((await stat(`${path(kind)}.sha256`)).isFile(), kind)
      }
    },
  ],
  [
    'ISO-14',
    'another cloud-config goes on an ISO from any folder; boot records and all other bytes stay',
    async () => {
      const elsewhere = join(folder, 'elsewhere')
      await mkdir(elsewhere)
      const config = await writeCloudConfig(elsewhere, { hostname: 'node-7' })
      const args = ['iso', 'customize', path('iso'), '--cloud-config', basename(config), '-o', 'node-7.iso']
      const { file, digest } = (await kiln(args, { cwd: elsewhere })) as { file: string; digest: string }
      const [before, after] = [await readFile(path('iso')), await readFile(join(elsewhere, file))]
      assert.equal(digest, `sha256:${createHash('sha256').update(after).digest('hex')}`)
      run('sh', '-euc', 'cd "$1" && sha256sum --check --strict --status node-7.iso.sha256', 'sh', elsewhere)
      assert.ok(after.includes(await readFile(config)))
      const changed = differences(before, after)
      assert.ok(changed < 1000, `${changed} bytes differ`)
      assert.deepEqual(
        after.subarray(0, 16 * 2048),
        before.subarray(0, 16 * 2048),
        'the boot sector and the table',
      )
      assert.equal(after.length, before.length)
    },
  ],
  [
    'RAW-01',
    'a disk for UEFI has an ESP and COS_OEM, and begins at sector 2048',
    () => {
      const { partitions } = tableOf(path('raw-efi'))
      assert.deepEqual(
        partitions.map(({ name }: { name: string }) => name),
        ['efi', 'oem', 'state', 'persistent'],
      )
      assert.deepEqual(
        [partitions[0].start, partitions[0].type],
        [2048, 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'],
      )
    },
  ],
  [
    'RAW-04',
    'the cloud-config of the definition is on COS_OEM, and nothing else',
    () => assert.deepEqual(namesOnOem(path('raw'), '/'), ['90_custom.yaml', 'lost+found']),
  ],
  [
    'RAW-09',
    'a disk for BIOS has a partition for GRUB',
    () => {
      const [first] = tableOf(path('raw-bios')).partitions
      assert.deepEqual(
        [first.type, first.attrs],
        ['21686148-6449-6E6F-744E-656564454649', 'LegacyBIOSBootable'],
      )
    },
  ],
  [
    'RAW-12',
    "Google's archive has exactly disk.raw, of whole GiB, in GNU's format, with a sound table",
    () => {
      assert.equal(run('tar', '--list', '--file', path('gce')), 'disk.raw\n')
      const target = join(folder, 'gce')
      run('mkdir', target)
      run('tar', '--extract', '--file', path('gce'), '--directory', target)
      const disk = join(target, 'disk.raw')
      assert.equal(Number(run('stat', '-c', '%s', disk)) % gibibyte, 0)
      assert.match(run('sfdisk', '--verify', disk), /No errors detected/)
    },
  ],
  [
    'RAW-13',
    'the VHD has a footer of fixed kind, and its disk whole MiB',
    async () => {
      const footer = await footerOf(path('vhd'))
      assert.deepEqual([footer.toString('latin1', 0, 8), footer.readUInt32BE(60)], ['conectix', 2])
      const size = (await stat(path('vhd'))).size - 512
      assert.equal(size % mebibyte, 0)
      assert.equal(
        JSON.parse(run('qemu-img', 'info', '-f', 'vpc', '--output=json', path('vhd')))['virtual-size'],
        size,
      )
    },
  ],
  [
    'RAW-14',
    'the image for MAAS unpacks to a disk, with what MAAS runs on it',
    () => {
      const disk = join(folder, 'maas.raw')
      run(
        'sh',
        '-euc',
        'gzip -dc "$1" | dd of="$2" bs=1M iflag=fullblock conv=sparse status=none',
        'sh',
        path('maas'),
        disk,
      )
      assert.match(run('sfdisk', '--verify', disk), /No errors detected/)
      assert.deepEqual(namesOnOem(disk, '/curtin'), ['curtin-hooks'])
    },
  ],
  [
    'RAW-18',
    'all formats of one build hold the same disk',
    () => {
      for (const [kind, format] of [
        ['qcow2', 'qcow2'],
        ['vhd', 'vpc'],
        ['vmdk', 'vmdk'],
      ] as const)
        run('qemu-img', 'compare', '-f', 'raw', '-F', format, path('raw'), path(kind))
      run('qemu-img', 'check', '-f', 'qcow2', path('qcow2'))
    },
  ],
]

describe('conformance', () => {
  for (const [id, what, look] of cases) test(`${id}: ${what}`, async () => look())
})

/** What the field's builder does wrong with disks and ISOs, by the numbers of our list. */
const defects: readonly (readonly [number: number, what: string, look: () => void | Promise<void>])[] = [
  [
    1,
    'a disk that was made longer has the backup of its table at the end',
    () => {
      const { lastlba } = tableOf(path('aws'))
      assert.equal((lastlba + 34) * 512, Number(run('stat', '-c', '%s', path('aws'))))
    },
  ],
  [
    2,
    'two firmwares in one build have files of their own',
    async () => {
      const names = (['raw', 'raw-efi', 'raw-bios'] as const).map(path)
      assert.equal(new Set(names).size, 3)
      for (const name of names) assert.match(run('sfdisk', '--verify', name), /No errors detected/)
    },
  ],
  [
    3,
    'no format takes away the disk that another one needs',
    () => assert.equal(new Set(kinds.map(path)).size, kinds.length),
  ],
  [
    4,
    'disks for different firmware are told apart by each of their identities',
    () => {
      const guids = (['raw', 'raw-efi', 'raw-bios'] as const).map((kind) => {
        const { id, partitions } = tableOf(path(kind))
        return [id, ...partitions.map(({ uuid }: { uuid: string }) => uuid)]
      })
      assert.equal(new Set(guids.flat()).size, guids.flat().length)
    },
  ],
  [
    6,
    'the ESP is FAT32, with room for every generation',
    async () => {
      const { start, size } = tableOf(path('raw')).partitions[1]
      const sector = await bytesAt(path('raw'), start * 512, 512)
      assert.equal(sector.toString('latin1', 82, 87), 'FAT32')
      assert.ok(size * 512 >= 128 * mebibyte)
    },
  ],
  [
    18,
    'the identity of the VHD is a UUID in binary',
    async () => {
      const id = (await footerOf(path('vhd'))).subarray(68, 84)
      assert.doesNotMatch(id.toString('latin1'), /^[0-9a-f-]{16}$/i)
      assert.equal((id[6] ?? 0) >> 4, 8, 'version 8')
    },
  ],
  [
    20,
    'sha256sum takes the digest beside an artifact',
    () => {
      for (const kind of ['iso', 'qcow2', 'gce', 'ova'] as const) {
        const file = path(kind)
        run(
          'sh',
          '-euc',
          'cd "$1" && sha256sum --check --strict --status "$2"',
          'sh',
          dirname(file),
          `${basename(file)}.sha256`,
        )
      }
    },
  ],
]

describe('defects of the field that are not here', () => {
  for (const [number, what, look] of defects) test(`${number}: ${what}`, async () => look())
})

describe('a damaged ISO', () => {
  const damages: readonly (readonly [what: string, place: (image: Buffer) => number, wrong: RegExp])[] = [
    [
      'the boot catalogue',
      (image) => image.readUInt32LE(17 * 2048 + 71) * 2048 + 4,
      /El Torito: the boot catalogue/,
    ],
    [
      'the way to GRUB in the first sector',
      () => 0x1b0,
      /first sector: leads to \/boot\/grub\/eltorito\.img/,
    ],
    ['the table of the disk', () => 512 + 60, /partition table: header and entries/],
    [
      'a folder',
      (image) => image.readUInt32LE(17 * 2048 + 2048 + 158) * 2048 + 70,
      /disc: an ISO 9660 volume|payload/,
    ],
    ['the root image', (image) => image.indexOf('hsqs') + 4096 * 7, /root\.img/],
    ['the EFI partition', (image) => image.indexOf('EFI_LIVE') + 8 * mebibyte, /efi\.img/],
  ]
  for (const [what, place, wrong] of damages)
    test(`is told to have damaged ${what}`, async () => {
      const image = await readFile(path('iso'))
      const at = place(image)
      image.writeUInt8(~image.readUInt8(at) & 0xff, at)
      const file = join(folder, 'damaged.iso')
      await writeFile(file, image)
      await assert.rejects(kiln(['verify', file]), isKiln('E-TOOL-FAILED', wrong))
    })
})

function differences(a: Buffer, b: Buffer): number {
  let count = 0
  for (let at = 0; at < a.length; at += 4096) {
    const [left, right] = [a.subarray(at, at + 4096), b.subarray(at, at + 4096)]
    if (left.equals(right)) continue
    for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) count++
  }
  return count
}
