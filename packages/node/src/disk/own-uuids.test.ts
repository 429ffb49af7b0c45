import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, truncateSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { MiB, mke2fsOptions } from '@kiln/contract'
import { installedNode, state } from '../testkit/installed-node.ts'
import { giveOwnUuids } from './own-uuids.ts'

const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
const ofImage = '5f0c1d0f-9a31-8c0d-9f6e-0102030405aa'
const devices = { oem: '/dev/sda3', state: '/dev/sda4', persistent: '/dev/sda5' } as const
type Role = keyof typeof devices

/** A node whose file systems are real ones, in files; tune2fs is the real one, too. */
function node(context: TestContext, uuid: string, fails = false) {
  const it = installedNode(context, 'uefi', ([program, ...args], folder) => {
    if (program !== 'tune2fs') return undefined
    if (fails) return { code: 1, stderr: 'tune2fs: not today\n' }
    const paths = args.map((arg) => (arg.startsWith('/dev/') ? folder + arg : arg))
    const { status, stdout, stderr } = spawnSync(program, paths, { encoding: 'utf8', env })
    return { code: status ?? 1, stdout, stderr }
  })
  const file = (role: Role) => it.folder + devices[role]
  for (const role of Object.keys(devices) as Role[]) {
    truncateSync(file(role), 256 * MiB)
    const options = [...mke2fsOptions({ role }), '-U', uuid, file(role)]
    const { status, stderr } = spawnSync('mke2fs', options, { encoding: 'utf8', env })
    assert.equal(status, 0, stderr)
  }
  const uuids = () =>
    (Object.keys(devices) as Role[]).map((role) =>
      readFileSync(file(role))
        .subarray(1024 + 0x68, 1024 + 0x78)
        .toString('hex'),
    )
  return { ...it, file, uuids }
}

const plain = (uuid: string) => uuid.replaceAll('-', '')

test('own UUIDs: what the image gave becomes random, once, and the file systems stay sound', (context) => {
  const it = node(context, ofImage)
  assert.deepEqual(new Set(it.uuids()), new Set([plain(ofImage)]))
  assert.equal(giveOwnUuids(it.host), 0)
  const own = it.uuids()
  assert.equal(new Set([plain(ofImage), ...own]).size, 4)
  for (const role of Object.keys(devices) as Role[]) {
    const { status, stdout } = spawnSync('e2fsck', ['-fn', it.file(role)], { encoding: 'utf8', env })
    assert.equal(status, 0, stdout)
  }
  const before = it.calls.length
  assert.equal(giveOwnUuids(it.host), 0)
  assert.deepEqual([it.uuids(), it.calls.slice(before)], [own, []])
})

test('own UUIDs: COS_STATE is writable for as long as it takes', (context) => {
  const it = node(context, ofImage)
  giveOwnUuids(it.host)
  const around = it.calls.filter((call) => call.includes(state) || call.includes(devices.state))
  assert.equal(around.length, 3, around.join('\n'))
  assert.match(around.join('\n'), /remount\n.*tune2fs -U random \/dev\/sda4\n.*remount,ro/s)
})

test('own UUIDs: those of an installed node are its own', (context) => {
  const it = node(context, '5f0c1d0f-9a31-4c0d-9f6e-0102030405aa')
  assert.equal(giveOwnUuids(it.host), 0)
  assert.ok(!it.calls.some((call) => call.startsWith('tune2fs')))
})

test('own UUIDs: what cannot be changed is said, and left for the next boot', (context) => {
  const it = node(context, ofImage, true)
  assert.equal(giveOwnUuids(it.host), 1)
  assert.match(it.output.join(''), /keep the UUIDs of the image: tune2fs ended with 1: .*not today/)
})
