import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { BuildResult } from '@kiln/factory'
import type { Firmware } from '@kiln/factory/boot/firmware'
import { startMachine } from '@kiln/factory/boot/machine'
import { fileDigest } from '@kiln/factory/resolve/digest'
import { type Guest, generateKey, runInGuest } from '@kiln/factory/tools/ssh'
import { freshFolder, kiln, repository, waitForLogin, writeCloudConfig } from './harness.ts'

const user = 'tester'
const gibibyte = 2 ** 30
const diskBytes = 6 * gibibyte

interface Partition {
  readonly uuid: string
  readonly name: string
  readonly start: number
  readonly size: number
  readonly attrs?: string
}

interface Table {
  readonly id: string
  readonly partitions: readonly Partition[]
}

/** One disk, as a machine has it: put on it with dd, started under BIOS, moved to a machine with UEFI. */
describe('the raw image', () => {
  let image: string
  let disk: string
  let key: string
  let first: Table

  before(async () => {
    const folder = await freshFolder()
    const pair = await generateKey(folder)
    key = pair.key
    const cloudConfig = await writeCloudConfig(folder, testConfig(pair.publicKey))
    image = await buildRaw(folder, cloudConfig)
    disk = join(folder, 'disk.raw')
    run('cp', '--sparse=always', image, disk)
    await truncate(disk, diskBytes)
  })

  async function inMachine(firmware: Firmware, look: (guest: Guest) => Promise<void>): Promise<void> {
    await using machine = await startMachine({
      firmware,
      drives: [{ attach: 'disk', file: disk, format: 'raw', writes: 'kept' }],
      sshPort: 'auto',
    })
    const guest = await waitForLogin(machine, { user, key })
    await look(guest)
    // The connection may break before the command has ended.
    await runInGuest(guest, 'sudo systemctl poweroff', { okCodes: [0, 255] })
    await machine.ended
  }

  test('is a sound disk with a digest beside it', async () => {
    assert.match(run('sfdisk', '--verify', image), /No errors detected/)
    const names = tableOf(image).partitions.map(({ name }) => name)
    assert.deepEqual(names, ['bios', 'efi', 'oem', 'state', 'persistent'])
    const noted = await readFile(`${image}.sha256`, 'utf8')
    assert.equal(noted, `${await fileDigest(image)}  ${image.split('/').at(-1)}\n`)
  })

  test('makes its disk one of the machine when it is first started, under BIOS', async () => {
    await inMachine('bios', async (guest) => {
      await assertRuns(guest)
      const bytes = Number(await outputOf(guest, "df --output=size -B1 /usr/local | tail -n1 | tr -d ' '"))
      assert.ok(bytes > 4 * gibibyte, `COS_PERSISTENT has ${bytes} bytes`)
      await outputOf(guest, 'echo kept | sudo tee /usr/local/mark && sync')
    })
    first = tableOf(disk)
    const old = new Set([tableOf(image).id, ...tableOf(image).partitions.map(({ uuid }) => uuid)])
    const own = [first.id, ...first.partitions.map(({ uuid }) => uuid)]
    assert.deepEqual([own.filter((guid) => old.has(guid)), new Set(own).size], [[], own.length])
    const persistent = first.partitions.at(-1)
    assert.equal(persistent?.attrs, undefined)
    const end = ((persistent?.start ?? 0) + (persistent?.size ?? 0)) * 512
    assert.equal(end, diskBytes - 2 ** 20)
    assert.match(run('sfdisk', '--verify', disk), /No errors detected/)
    const shared = uuidsOf(image, tableOf(image)).filter((uuid) => uuidsOf(disk, first).includes(uuid))
    assert.deepEqual(shared, [], 'file systems have UUIDs of their own, too')
  })

  test('stays as it is from then on, also under UEFI', async () => {
    await inMachine('uefi', async (guest) => {
      await assertRuns(guest)
      assert.equal(await outputOf(guest, 'cat /usr/local/mark'), 'kept\n')
      assert.deepEqual(JSON.parse(await outputOf(guest, 'cat /run/kiln/boot.json')).notes, [])
    })
    assert.deepEqual(tableOf(disk), first)
  })

  test('leaves sound file systems behind', () => {
    for (const { name, start, size } of first.partitions.slice(2)) {
      const file = `${disk}.${name}`
      const blocks = [`skip=${start / 2048}`, `count=${size / 2048}`]
      run('dd', `if=${disk}`, `of=${file}`, 'bs=1M', ...blocks, 'conv=sparse', 'status=none')
      run('e2fsck', '-fn', file)
    }
  })
})

/** Everything is up, and it is the first generation that the disk came with. */
async function assertRuns(guest: Guest): Promise<void> {
  const units = 'systemctl is-system-running --wait; systemctl --failed --plain --no-legend'
  assert.match(await outputOf(guest, units), /^running\n$/)
  const facts = JSON.parse(await outputOf(guest, 'cat /run/kiln/boot.json'))
  assert.deepEqual([facts.mode, facts.generation], ['active', 1])
  assert.equal(await outputOf(guest, 'stat -c "%a %U" /oem/90_custom.yaml'), '600 root\n')
}

async function outputOf(guest: Guest, command: string): Promise<string> {
  return (await runInGuest(guest, command)).stdout
}

async function buildRaw(folder: string, cloudConfig: string): Promise<string> {
  const definition = join(folder, 'definition')
  await cp(join(repository, 'examples/debian'), definition, { recursive: true })
  const file = join(definition, 'kiln.yaml')
  await writeFile(
    file,
    (await readFile(file, 'utf8')).replace(/^artifacts:\n(?: {2}- \w+\n)+/m, 'artifacts: [raw]\n'),
  )
  const args = ['build', definition, '--yes', '--out', folder, '--cloud-config', cloudConfig]
  const { images } = (await kiln(args)) as BuildResult
  const path = images[0]?.artifacts.find(({ kind }) => kind === 'raw')?.path
  assert.ok(path)
  return path
}

function testConfig(publicKey: string): object {
  return {
    hostname: 'kiln-test',
    users: [{ name: user, groups: ['sudo'], ssh_authorized_keys: [publicKey] }],
    write_files: [
      { path: `/etc/sudoers.d/${user}`, permissions: '0440', content: `${user} ALL=(ALL) NOPASSWD: ALL\n` },
    ],
  }
}

function tableOf(file: string): Table {
  return JSON.parse(run('sfdisk', '--json', file)).partitiontable
}

/** linux/fs/ext4/ext4.h: 16 bytes of the superblock, which begins at 1024. */
function uuidsOf(file: string, { partitions }: Table): string[] {
  return partitions.slice(2).map(({ start }) => {
    const at = String(start * 512 + 1024 + 0x68)
    return run('od', '--address-radix=n', '--format=x1', `--skip-bytes=${at}`, '--read-bytes=16', file).trim()
  })
}

function run(program: string, ...args: readonly string[]): string {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env })
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stdout}${stderr}`)
  return stdout
}
