import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AgentError } from '../agent-error.ts'
import { HostError } from '../host/host.ts'
import { type Program, rootedHost } from '../testkit/rooted-host.ts'
import { withEsp } from './esp.ts'

const device = '/dev/sda2'

function machine(context: Parameters<typeof rootedHost>[0], state = 0, mounts = '', program?: Program) {
  const sector = new Uint8Array(512)
  sector[65] = state
  return rootedHost(context, { [device]: sector, '/proc/self/mounts': mounts }, program)
}

test('EFI partition: mounted for the time of an action, whatever becomes of it', (context) => {
  const { host, calls } = machine(context)
  assert.equal(
    withEsp(host, device, 'read', (esp) => esp),
    '/run/kiln/esp',
  )
  assert.throws(() =>
    withEsp(host, device, 'write', () => {
      throw new Error('no')
    }),
  )
  assert.deepEqual(calls, [
    'mount vfat /dev/sda2 /run/kiln/esp ro,nosuid,nodev,noexec,umask=0077',
    'unmount /run/kiln/esp',
    'mount vfat /dev/sda2 /run/kiln/esp nosuid,nodev,noexec,umask=0077',
    'unmount /run/kiln/esp',
  ])
})

test('EFI partition: after a power cut it is checked before it is written, and only then', (context) => {
  const { host, calls } = machine(context, 1, '', (argv) =>
    argv[0] === 'fsck.vfat' ? { code: 1 } : undefined,
  )
  withEsp(host, device, 'read', () => {})
  assert.ok(!calls.includes('fsck.vfat -a /dev/sda2'))
  withEsp(host, device, 'write', () => {})
  assert.equal(calls.indexOf('fsck.vfat -a /dev/sda2'), 2)
})

test('EFI partition: one that cannot be mended is not written', (context) => {
  const { host, calls } = machine(context, 1, '', () => ({
    code: 2,
    stderr: 'x\nlogical sector size is zero\n',
  }))
  assert.throws(
    () => withEsp(host, device, 'write', () => {}),
    (error) => error instanceof AgentError && /logical sector size/.test(error.message),
  )
  assert.ok(!calls.some((call) => call.startsWith('mount')))
})

test('EFI partition: one that the kernel made read-only is an error, not a half-done operation', (context) => {
  const { host } = machine(context, 0, '/dev/sda2 /run/kiln/esp vfat ro,relatime 0 0\n')
  assert.throws(
    () => withEsp(host, device, 'write', () => assert.fail('was run')),
    (error) => error instanceof AgentError && /only be read/.test(error.message),
  )
})

test('EFI partition: a device that is write-protected can be read, and writing says so', (context) => {
  const { host } = machine(context)
  const protectedHost: typeof host = {
    ...host,
    mount: ({ flags = [] }) => {
      if (!flags.includes('ro')) throw new HostError('EACCES', 'mount', device)
    },
  }
  withEsp(protectedHost, device, 'read', () => {})
  assert.throws(
    () => withEsp(protectedHost, device, 'write', () => assert.fail('was run')),
    (error) =>
      error instanceof AgentError && error.reason === 'boot-loader' && /only be read/.test(error.message),
  )
})

test('EFI partition: what a killed process left mounted is unmounted first', (context) => {
  const { host, calls } = machine(context, 0, '/dev/sda2 /run/kiln/esp vfat rw 0 0\n')
  withEsp(host, device, 'read', () => {})
  assert.deepEqual([calls[0], calls[1]?.split(' ')[0]], ['unmount /run/kiln/esp', 'mount'])
})
