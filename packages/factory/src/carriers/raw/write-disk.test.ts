import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type DiskPlan, MiB, type PartitionRole, type PlannedPartition, smallestDisk } from '@kiln/contract'
import { plant } from '../../testkit/testkit.ts'
import { writeBiosBoot } from './bios-boot.ts'
import { identitiesFor } from './identities.ts'
import { imageBytes } from './layout.ts'
import { writeDisk } from './write-disk.ts'

const plan: DiskPlan = smallestDisk({
  firmware: 'hybrid',
  payload: { rootBytes: 10 * MiB, bootBytes: 5 * MiB },
  generations: 2,
  extra: [
    { name: 'data', bytes: 20 * MiB, label: 'DATA' },
    { name: 'exchange', bytes: 40 * MiB, fs: 'vfat', label: 'EXCHANGE' },
    { name: 'spare', bytes: 5 * MiB, fs: 'none' },
  ],
})
const path = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }

function run(program: string, args: readonly string[], env = {}, input = ''): string {
  const result = spawnSync(program, args, { encoding: 'utf8', env: { ...path, ...env }, input })
  assert.equal(result.status, 0, `${program} ${args.join(' ')}: ${result.stdout}${result.stderr}`)
  return result.stdout
}

/** Writes a disk with programs of this machine. */
async function makeDisk(folder: string): Promise<string> {
  plant(folder, {
    'efi/EFI/BOOT/BOOTX64.EFI': 'loader',
    'efi/a long name with ä.txt': 'x'.repeat(3 * MiB),
    'state/slots/ab/root.img': 'r'.repeat(9 * MiB),
  })
  const image = join(folder, 'disk.raw')
  const sources: Partial<Record<PartitionRole, string>> = { efi: 'efi', state: 'state' }
  await writeDisk({
    image: { path: image, inside: image, bytes: imageBytes(plan) },
    plan,
    identities: identitiesFor('seed'),
    sources: (role) => sources[role] && join(folder, sources[role]),
    epoch: 1_700_000_000,
    run: async ([program, ...args], { env, input }) => {
      run(program, args, { LC_ALL: 'C.UTF-8', ...env }, input)
    },
  })
  return image
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function partition(name: string): PlannedPartition {
  const found = plan.partitions.find((each) => each.name === name)
  assert.ok(found)
  return found
}

/** Copies a partition out, for programs that know no offsets. */
function extract(image: string, name: string): string {
  const { start, bytes } = partition(name)
  const target = `${image}.${name}`
  const blocks = [`bs=1M`, `skip=${start / MiB}`, `count=${bytes / MiB}`, 'conv=sparse']
  run('dd', [`if=${image}`, `of=${target}`, 'status=none', ...blocks])
  return target
}

describe('a disk image', () => {
  let folder: string
  let image: string
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-raw-'))
    image = await makeDisk(folder)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('has the partitions of the plan, marked for the first boot', () => {
    assert.match(run('sfdisk', ['--verify', image]), /No errors detected/)
    const { partitiontable } = JSON.parse(run('sfdisk', ['--json', image]))
    assert.deepEqual(
      partitiontable.partitions.map(
        ({ name, start, size }: { name: string; start: number; size: number }) => [
          name,
          start * 512,
          size * 512,
        ],
      ),
      plan.partitions.map(({ name, start, bytes }) => [name, start, bytes]),
    )
    const marks = partitiontable.partitions.map(({ attrs }: { attrs?: string }) => attrs)
    assert.deepEqual([marks.at(0), marks.at(-1)], ['LegacyBIOSBootable', 'GUID:58'])
    const guids = partitiontable.partitions.map(({ uuid }: { uuid: string }) => uuid)
    assert.equal(new Set([partitiontable.id, ...guids]).size, 9)
    assert.equal(statSync(image).size, imageBytes(plan))
    assert.ok(statSync(image).blocks * 512 < imageBytes(plan) / 3, 'what is empty takes no space')
  })

  for (const name of ['oem', 'state', 'data', 'persistent'])
    it(`has a sound ext4 file system on ${name}`, () => {
      const file = extract(image, name)
      run('e2fsck', ['-fn', file])
      const facts = run('dumpe2fs', ['-h', file])
      const fact = (key: string) => facts.match(new RegExp(`^${key}: +(.*)$`, 'm'))?.[1]
      const { uuid, hashSeed } = identitiesFor('seed').fileSystem(partition(name))
      assert.deepEqual(
        [fact('Filesystem volume name'), fact('Filesystem UUID'), fact('Directory Hash Seed')],
        [partition(name).label, uuid, hashSeed],
      )
      assert.equal(Number(fact('Block count')) * 4096, partition(name).bytes)
      assert.doesNotMatch(fact('Filesystem features') ?? '', /orphan_file/)
    })

  it('has room to grow to 8 TiB without moving anything', () => {
    const facts = run('dumpe2fs', ['-h', extract(image, 'persistent')])
    assert.match(facts, /^Reserved GDT blocks: +1023$/m)
  })

  it('has the files where they belong', () => {
    const out = `${image}.root.img`
    run('debugfs', ['-R', `dump /slots/ab/root.img ${out}`, extract(image, 'state')])
    assert.equal(run('sha256sum', [out]).slice(0, 64), sha256('r'.repeat(9 * MiB)))
    const efi = extract(image, 'efi')
    run('fsck.vfat', ['-n', efi])
    assert.equal(run('mtype', ['-i', efi, '::EFI/BOOT/BOOTX64.EFI']), 'loader')
    assert.match(run('mlabel', ['-s', '-i', efi]), /COS_GRUB/)
    assert.match(run('mlabel', ['-s', '-i', extract(image, 'exchange')]), /EXCHANGE/)
  })

  it('has GRUB in its first sector and its partition, and still a table', async () => {
    const boot = Buffer.alloc(512, 0x11)
    boot.set([1, 0, 0, 0, 0, 0, 0, 0], 0x5c)
    boot.set([0xff, 0xfa, 0xeb, 0x05], 0x64)
    boot.set([0x55, 0xaa], 510)
    const core = Buffer.alloc(3000, 0x22)
    core.fill(0, 400, 500)
    core.set([2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0x20, 0x08], 500)
    writeFileSync(join(folder, 'grub-boot.img'), boot)
    writeFileSync(join(folder, 'grub-core.img'), core)
    const before = run('sfdisk', ['--json', image])
    await writeBiosBoot(image, plan, folder)
    assert.equal(run('sfdisk', ['--json', image]), before)
    const disk = openSync(image, 'r')
    const [sector, second] = [Buffer.alloc(512), Buffer.alloc(3072)]
    readSync(disk, sector, 0, 512, 0)
    readSync(disk, second, 0, 3072, MiB)
    closeSync(disk)
    assert.equal(sector.readBigUInt64LE(0x5c), 2048n)
    assert.equal(second.readBigUInt64LE(500), 2049n)
    assert.deepEqual(second.subarray(512, 3000), core.subarray(512))
  })
})

describe('identities', () => {
  it('follow from the seed, and no two are the same', () => {
    const all = (seed: string) => {
      const identities = identitiesFor(seed)
      return plan.partitions.flatMap((each) => [
        identities.partition(each),
        identities.volume(each),
        ...Object.values(identities.fileSystem(each)),
      ])
    }
    assert.deepEqual(all('a'), all('a'))
    const together = [...all('a'), ...all('b'), identitiesFor('a').disk, identitiesFor('b').disk]
    assert.equal(new Set(together).size, together.length)
  })

  it('are not those of another seed for any content', () => {
    assert.notEqual(identitiesFor(sha256('x')).disk, identitiesFor(sha256('y')).disk)
  })
})
