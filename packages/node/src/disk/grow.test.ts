import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { truncateSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { MiB, mke2fsOptions } from '@kiln/contract'
import { probeFileSystem, probeLength } from '../initramfs/probe.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import { ext4Source, growPersistent } from './grow.ts'

const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
const layout = JSON.stringify({
  schema: 'kiln.layout/v1',
  ephemeral: [],
  persistent: [],
  store: '/usr/local',
})
const mounted = '40 30 8:4 / /usr/local rw,relatime shared:1 - ext4 /dev/sda4 rw'

/** A machine whose COS_PERSISTENT has a file system of 64 MiB. resize2fs is the real one, on the file. */
function machine(context: TestContext, partition: number, mountinfo = mounted) {
  const rooted = rootedHost(
    context,
    {
      '/dev/sda4': '',
      '/usr/lib/kiln/layout.json': layout,
      '/proc/self/mountinfo': `30 1 0:30 / / ro - overlay overlay ro\n${mountinfo}\n`,
      '/sys/class/block/sda4/size': `${partition / 512}\n`,
    },
    ([program, ...args], folder) => {
      const paths = args.map((arg) => (arg.startsWith('/dev/') ? folder + arg : arg))
      const { status, stdout, stderr } = spawnSync(program, ['-f', ...paths], { encoding: 'utf8', env })
      return { code: status ?? 1, stdout, stderr }
    },
  )
  const file = `${rooted.folder}/dev/sda4`
  truncateSync(file, 64 * MiB)
  const options = [...mke2fsOptions({ role: 'extra', label: 'COS_PERSISTENT' }), file]
  assert.equal(spawnSync('mke2fs', options, { env }).status, 0)
  truncateSync(file, partition)
  return { ...rooted, file }
}

function check(file: string): void {
  const { status, stdout } = spawnSync('e2fsck', ['-fn', file], { encoding: 'utf8', env })
  assert.equal(status, 0, stdout)
}

test('grow: the file system takes its whole partition, and then nothing is left to do', (context) => {
  const { host, file, calls, output } = machine(context, 4000 * MiB)
  assert.equal(growPersistent(host), 0)
  assert.equal(probeFileSystem(host.readBytes('/dev/sda4', 0, probeLength))?.bytes, 4000 * MiB)
  assert.deepEqual(output, ['kiln-agent: grew /dev/sda4 from 64 MiB to 4000 MiB\n'])
  check(file)
  assert.equal(growPersistent(host), 0)
  assert.deepEqual(calls, ['resize2fs /dev/sda4'])
})

const idle: readonly (readonly [what: string, partition: number, mountinfo: string])[] = [
  ['a file system that fills its partition', 64 * MiB, mounted],
  ['a few MiB that are left over', 79 * MiB, mounted],
  ['a store in memory', 4000 * MiB, mounted.replace('ext4 /dev/sda4', 'tmpfs tmpfs')],
  ['a store without a mount', 4000 * MiB, ''],
  ['a device whose size is not known', 4000 * MiB, mounted.replace('/dev/sda4', '/dev/mapper/data')],
]
for (const [what, partition, mountinfo] of idle)
  test(`grow: ${what} is left alone`, (context) => {
    const { host, calls } = machine(context, partition, mountinfo)
    const dataOfMapper = '/dev/mapper/data'
    host.mkdir('/dev/mapper')
    host.write(dataOfMapper, host.readBytes('/dev/sda4', 0, 4096))
    assert.deepEqual([growPersistent(host), calls], [0, []])
  })

test('grow: what resize2fs says goes on, as a failure', (context) => {
  const { host, output } = machine(context, 4000 * MiB)
  const failing = { ...host, run: () => ({ code: 1, stdout: '', stderr: 'resize2fs: no\n' }) }
  assert.equal(growPersistent(failing), 1)
  assert.deepEqual(output, ['kiln-agent: resize2fs ended with 1: resize2fs: no\n'])
})

test('grow: the last mount at a path counts, whatever optional fields it has', () => {
  const lines = [
    '40 30 8:4 / /usr/local rw - ext4 /dev/sdb1 rw',
    '41 30 8:4 / /usr/local rw shared:1 master:2 - ext4 /dev/sda4 rw',
    '42 30 8:4 / /usr/local/x rw - ext4 /dev/sdc1 rw',
  ]
  assert.equal(ext4Source(lines.join('\n'), '/usr/local'), '/dev/sda4')
  assert.equal(ext4Source('', '/usr/local'), undefined)
})
