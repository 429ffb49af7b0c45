import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootedHost } from '../testkit/rooted-host.ts'
import { coldplug, moduleNames, withSoftDependencies } from './modules.ts'

test('modules: one name per line, comments and blanks aside', () => {
  assert.deepEqual(moduleNames('loop\n\n# always\n  squashfs  # zstd\n'), ['loop', 'squashfs'])
})

test('modules: soft dependencies come first and once', () => {
  const softdep =
    '# generated\nsoftdep dm-verity pre: sha256 crc32c post: foo\nsoftdep ext4 pre: crc32c\nsoftdep x post: y\n'
  assert.deepEqual(withSoftDependencies(['loop', 'dm_verity', 'ext4', 'x'], softdep), [
    'loop',
    'sha256',
    'crc32c',
    'dm_verity',
    'ext4',
    'x',
  ])
})

test('modules: every alias is tried once', (context) => {
  const { host, calls } = rootedHost(context, {
    '/sys/bus/pci/devices/0000:00:01.0/modalias': 'pci:v1\n',
    '/sys/bus/pci/devices/0000:00:02.0/modalias': 'pci:v1\n',
    '/sys/bus/cpu/devices/cpu0/online': '1',
    '/sys/bus/virtio/devices/virtio0/modalias': 'virtio:d2\n',
  })
  const tried = new Set<string>()
  coldplug(host, tried)
  coldplug(host, tried)
  assert.deepEqual(calls, ['/bin/busybox modprobe -a -q pci:v1 virtio:d2'])
})
