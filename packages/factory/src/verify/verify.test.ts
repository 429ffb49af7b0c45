import assert from 'node:assert/strict'
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { mapData } from '../carriers/disk/data-map.ts'
import { type DiskSource, withDisk } from '../carriers/disk/disk-source.ts'
import { writeGce } from '../carriers/disk/gce.ts'
import { writeRawGzip } from '../carriers/disk/maas.ts'
import { writeQcow2 } from '../carriers/disk/qcow2.ts'
import { writeVhd } from '../carriers/disk/vhd.ts'
import { writeVmdk } from '../carriers/disk/vmdk.ts'
import { makeSampleDisk, runTool, type SampleDisk } from '../testkit/sample-disk.ts'
import { expectCode, temporaryFolder } from '../testkit/testkit.ts'
import { type Verification, verificationError, verifyArtifactFile } from './verify.ts'

const gibibyte = 2 ** 30
const uuid = '00010203-0405-4607-8809-0a0b0c0d0e0f'

let folder: string
let disk: SampleDisk
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-verify-'))
  disk = await makeSampleDisk(folder)
})
after(() => rmSync(folder, { recursive: true, force: true }))

const verify = (file: string, payload?: string) => verifyArtifactFile(file, { scratch: folder, payload })

/** What is wrong, as `place: problem`. */
const problemsOf = ({ checks }: Verification) =>
  checks.flatMap(({ place, problem }) => (problem === undefined ? [] : [`${place}: ${problem}`]))

describe('a sound disk', () => {
  it('has nothing wrong, for both firmwares and for each', async (t) => {
    for (const firmware of ['hybrid', 'uefi', 'bios'] as const) {
      const { file, payload } = await makeSampleDisk(temporaryFolder(t), firmware)
      const found = await verify(file, payload.digest)
      assert.deepEqual([problemsOf(found), found.format, found.payload?.digest], [[], 'raw', payload.digest])
      assert.equal(verificationError(found), undefined)
    }
  })

  it('is told by its payload from one of another build', async () => {
    const found = await verify(disk.file, `sha256:${'0'.repeat(64)}`)
    assert.deepEqual(problemsOf(found), [`payload: it is ${disk.payload.digest}`])
  })

  it('is refused with programs of another architecture', async (t) => {
    const { file } = await makeSampleDisk(temporaryFolder(t), 'uefi', { machine: 183 })
    const [problem] = problemsOf(await verify(file))
    assert.match(problem ?? '', /initramfs: bin\/kiln-agent is for arm64$/)
  })
})

/** Each format is written by Kiln, and read back by the other code of Kiln. */
const written = async (bytes: (own: number) => number, write: (source: DiskSource) => Promise<void>) => {
  const handle = await open(disk.file)
  const { size } = await handle.stat()
  const { runs } = await mapData(handle, size).finally(() => handle.close())
  await withDisk({ path: disk.file, bytes: size, runs }, bytes(size), write)
}
const same = (size: number) => size
const formats = {
  qcow2: (target: string) => written(same, (source) => writeQcow2(source, target)),
  vhd: (target: string) => written(same, (source) => writeVhd(source, target, { uuid, epoch: 2e9 })),
  vmdk: (target: string) =>
    written(same, (source) => writeVmdk(source, target, { name: 'a.vmdk', contentId: '0badcafe' })),
  gce: (target: string) =>
    written(
      () => gibibyte,
      (source) => writeGce(source, target, 2e9),
    ),
  'raw.gz': (target: string) => written(same, (source) => writeRawGzip(source, target)),
}

describe('the payload in every format of one disk', () => {
  for (const [format, write] of Object.entries(formats))
    it(`is the same in ${format}`, async () => {
      const file = join(folder, `same.${format}`)
      await write(file)
      const found = await verify(file, disk.payload.digest)
      const size = format === 'gce' ? gibibyte : statSync(disk.file).size
      assert.deepEqual([problemsOf(found), found.format, found.diskBytes], [[], format, size])
    })
})

const sector = 512
interface Damage {
  readonly what: string
  /** Bytes from the start, or, where negative, from the end. */
  readonly at: (text: (needle: string) => number) => number
  readonly bytes?: readonly number[]
  readonly wrong: RegExp
}

/** One byte or a few, each in another part of the disk. */
const damages: readonly Damage[] = [
  {
    what: 'the header of the table',
    at: () => sector + 40,
    wrong: /^partition table: the checksum of the header is wrong/m,
  },
  {
    what: 'the entries of the table',
    at: () => 2 * sector + 3,
    wrong: /^partition table: the checksum of the entries is wrong/m,
  },
  {
    what: "the backup's header",
    at: () => -sector + 41,
    wrong: /^backup of the partition table: the checksum of the header/m,
  },
  {
    what: "the backup's entries",
    at: () => -33 * sector + 1,
    wrong: /^backup of the partition table: the checksum of the entries/m,
  },
  { what: 'the protective entry', at: () => 446 + 4, bytes: [0x83], wrong: /^first sector: there is none/m },
  { what: 'the way to the second part of GRUB', at: () => 0x5c, wrong: /^first sector: it leads to byte/m },
  { what: 'the second part of GRUB', at: () => 2 ** 20 + 700, wrong: /^bios: it is another one/m },
  {
    what: 'a table of FAT',
    at: (text) => text('FAT32   ') - 0x52 + 32 * sector + 9,
    wrong: /^COS_GRUB:: its tables differ/m,
  },
  {
    what: 'the root image',
    at: (text) => text('hsqs') + 5000,
    wrong: /root\.img: it is sha256:.*\n.*root\.img: its data are not/,
  },
  {
    what: 'the card of the payload',
    at: (text) => text('kiln.payload/v1'),
    wrong: /payload\.json: it is no card/,
  },
]

describe('a damaged disk', () => {
  for (const { what, at, bytes, wrong } of damages)
    it(`is told to have damaged ${what}`, async (t) => {
      const file = join(temporaryFolder(t), 'damaged.raw')
      runTool('cp', ['--sparse=always', disk.file, file])
      change(file, at, bytes)
      const found = await verify(file)
      assert.match(problemsOf(found).join('\n'), wrong)
      const error = verificationError(found)
      assert.deepEqual([error?.code, error?.place, error?.exitCode], ['E-ARTIFACT-DAMAGED', { file }, 5])
      assert.match(error?.hint ?? '', /build it again/)
    })

  it('is told to have been cut off', async (t) => {
    const file = join(temporaryFolder(t), 'short.raw')
    runTool('cp', ['--sparse=always', disk.file, file])
    runTool('truncate', ['--size=-1M', file])
    assert.match(problemsOf(await verify(file)).join('\n'), /^backup of the partition table: /m)
  })

  it('is told to have been made longer without its backup', async (t) => {
    const file = join(temporaryFolder(t), 'long.raw')
    runTool('cp', ['--sparse=always', disk.file, file])
    runTool('truncate', ['--size=+1G', file])
    const problems = problemsOf(await verify(file)).join('\n')
    assert.match(problems, /^backup of the partition table: it is in sector \d+, and the last one is \d+/m)
  })

  it('does not have the digest beside it', async (t) => {
    const target = temporaryFolder(t)
    const file = join(target, 'a.raw')
    runTool('cp', ['--sparse=always', disk.file, file])
    runTool('sh', ['-c', `cd ${target} && sha256sum a.raw > a.raw.sha256`])
    assert.deepEqual(problemsOf(await verify(file)), [])
    change(file, () => 300 * 2 ** 20)
    assert.deepEqual(problemsOf(await verify(file)), ['a.raw.sha256: the artifact has another one'])
  })
})

describe('a damaged container', () => {
  const cases: readonly (readonly [keyof typeof formats, at: number, wrong: RegExp])[] = [
    ['qcow2', 40 + 5, /^qcow2: /],
    ['vhd', -sector + 60, /^vhd: the checksum of its footer is wrong/],
    ['vmdk', 512 + 120, /^vmdk: /],
    ['vmdk', -2 * sector + 57, /^vmdk: /],
    ['gce', -8, /^gzip: it cannot be unpacked/],
    ['raw.gz', 5000, /^gzip: it cannot be unpacked/],
  ]
  for (const [format, at, wrong] of cases)
    it(`is told: ${format}, byte ${at}`, async (t) => {
      const file = join(temporaryFolder(t), `damaged.${format}`)
      await formats[format](file)
      change(file, () => at)
      assert.match(problemsOf(await verify(file)).join('\n'), wrong)
    })

  it('is no VHD that QEMU cuts off: one whose creator it does not know', async (t) => {
    const file = join(temporaryFolder(t), 'a.vhd')
    await formats.vhd(file)
    const footer = readFileSync(file).subarray(-sector)
    footer.write('elem', 28)
    footer.fill(0, 64, 68)
    footer.writeUInt32BE(~footer.reduce((sum, byte) => sum + byte, 0) >>> 0, 64)
    change(file, () => -sector, [...footer])
    assert.match(problemsOf(await verify(file)).join('\n'), /names a creator/)
  })
})

describe('what is no artifact', () => {
  it('is refused, by its content', async (t) => {
    const file = join(temporaryFolder(t), 'a.iso')
    copyFileSync(import.meta.filename, file)
    const error = await expectCode('E-ARTIFACT-UNKNOWN', () => verify(file))
    assert.deepEqual([error.place, error.exitCode], [{ file }, 3])
  })
})

/** Overwrites bytes; without some, turns all bits of one. */
function change(file: string, at: Damage['at'], bytes?: readonly number[]): void {
  const image = readFileSync(file)
  const offset = at((text) => image.indexOf(text))
  const place = offset < 0 ? image.length + offset : offset
  const content = Buffer.from(bytes ?? [~(image[place] ?? 0) & 0xff])
  const handle = openSync(file, 'r+')
  writeSync(handle, content, 0, content.length, place)
  closeSync(handle)
}
