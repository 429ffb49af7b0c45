import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootedHost } from '../testkit/rooted-host.ts'
import { mendFileSystem } from './fsck.ts'

for (const [type, code, call, fine] of [
  ['ext4', 0, 'e2fsck -p /dev/vda4', true],
  ['ext4', 1, 'e2fsck -p /dev/vda4', true],
  ['ext4', 4, 'e2fsck -p /dev/vda4', false],
  ['vfat', 1, 'fsck.vfat -a /dev/vda4', true],
  ['vfat', 2, 'fsck.vfat -a /dev/vda4', false],
] as const) {
  test(`fsck: ${type} and ${code}`, (context) => {
    const { host, calls } = rootedHost(context, {}, () => ({ code, stderr: 'first\nUNEXPECTED\n' }))
    const mend = () => mendFileSystem(host, type, '/dev/vda4')
    if (fine) mend()
    else assert.throws(mend, /ended with \d: UNEXPECTED/)
    assert.deepEqual(calls, [call])
  })
}
