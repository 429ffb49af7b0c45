import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootedHost } from '../testkit/rooted-host.ts'
import { restoreMachineId } from './machine-id.ts'

const random = { '/proc/sys/kernel/random/uuid': '01234567-89ab-4cde-8f01-23456789abcd\n' }
const made = '0123456789ab4cde8f0123456789abcd'
const other = 'f'.repeat(32)

for (const [what, etc, kept, expected] of [
  ['is made at the first boot', '', undefined, made],
  ['is the same at the next one', '', other, other],
  ['of the image stays', other, made, other],
  ['that is damaged is made anew', 'uninitialized\n', 'half', made],
] as const) {
  test(`machine-id: one that ${what}`, (t) => {
    const { host } = rootedHost(t, {
      ...random,
      '/sysroot/etc/machine-id': etc,
      ...(kept === undefined ? {} : { '/sysroot/usr/local/etc/machine-id': kept }),
    })
    restoreMachineId(host)
    assert.equal(host.readText('/sysroot/etc/machine-id').trim(), expected)
    restoreMachineId(host)
    assert.equal(host.readText('/sysroot/etc/machine-id').trim(), expected)
  })
}
