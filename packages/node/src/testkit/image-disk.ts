import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { truncateSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { MiB, sfdiskScript, smallestDisk } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { type RootedHost, rootedHost } from './rooted-host.ts'

const plan = smallestDisk({
  firmware: 'uefi',
  payload: { rootBytes: 10 * MiB, bootBytes: 5 * MiB },
  generations: 2,
})
export const imageBytes = Math.ceil(plan.minimumBytes / MiB) * MiB
const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }

export interface Table {
  readonly id: string
  readonly partitions: readonly { readonly size: number; readonly uuid: string; readonly attrs?: string }[]
}

/** The partition table of a disk, as sfdisk sees it. */
export function table(file: string): Table {
  const { stdout, status } = spawnSync('sfdisk', ['--json', file], { encoding: 'utf8', env })
  assert.equal(status, 0)
  return JSON.parse(stdout).partitiontable
}

/** sfdisk warns of a table that does not fit its disk, or of a backup that is elsewhere. */
export function assertWhole(file: string): void {
  const { stdout, stderr, status } = spawnSync('sfdisk', ['--verify', file], { encoding: 'utf8', env })
  assert.deepEqual([status, stderr, stdout.includes('No errors detected')], [0, '', true], stdout)
}

/** A machine with a disk that an image was written to. */
export function machineWithImage(
  context: TestContext,
  { firstBoot = true, diskBytes = imageBytes + 500 * MiB } = {},
): RootedHost & { readonly file: string } {
  const rooted = rootedHost(context, {
    '/dev/sda': '',
    '/dev/random': 'x',
    '/sys/class/block/sda/size': `${diskBytes / 512}\n`,
    '/sys/class/block/sda/queue/logical_block_size': '512\n',
  })
  const file = `${rooted.folder}/dev/sda`
  truncateSync(file, imageBytes)
  const guids = {
    disk: '00000000-0000-4000-8000-00000000000A',
    partition: ({ number }: { number: number }) => `00000000-0000-4000-8000-00000000000${number}`,
  }
  const input = sfdiskScript(plan, guids, { firstBoot })
  const { status, stderr } = spawnSync('sfdisk', ['--quiet', file], { input, encoding: 'utf8', env })
  assert.equal(status, 0, stderr)
  truncateSync(file, diskBytes)
  let count = 0
  const host: Host = {
    ...rooted.host,
    readText: (path) =>
      path === '/proc/sys/kernel/random/uuid'
        ? `11111111-1111-4111-8111-${String(++count).padStart(12, '0')}\n`
        : rooted.host.readText(path),
  }
  return { ...rooted, host, file }
}
