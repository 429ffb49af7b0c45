import assert from 'node:assert/strict'
import { test } from 'node:test'
import { extImage, isoImage } from '../testkit/images.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import { type BlockDevice, chooseBeside, chooseDevice, scanDevices } from './devices.ts'
import type { FileSystem } from './probe.ts'

function device(
  name: string,
  label: string,
  parent?: string,
  type: FileSystem['type'] = 'iso9660',
): BlockDevice {
  return { name, parent, fileSystem: { type, label, uuid: undefined } }
}

function choose(...devices: readonly BlockDevice[]) {
  return chooseDevice(devices, 'COS_LIVE', ['iso9660'])
}

test('devices: no device, another label or another type is none', () => {
  assert.equal(choose().kind, 'none')
  assert.equal(choose(device('sr0', 'OTHER'), device('sda', 'COS_LIVE', undefined, 'ext4')).kind, 'none')
})

test('devices: a hybrid medium is its disk, though its partition shows the label, too', () => {
  const disk = device('sda', 'COS_LIVE')
  for (const devices of [
    [disk, device('sda1', 'COS_LIVE', 'sda')],
    [device('sda1', 'COS_LIVE', 'sda'), disk],
  ]) {
    assert.deepEqual(choose(...devices), { kind: 'one', device: disk })
  }
})

test('devices: a partition stands for itself where its disk has another content', () => {
  const partition = device('sda2', 'COS_LIVE', 'sda')
  assert.deepEqual(choose(device('sda', 'OTHER'), partition), { kind: 'one', device: partition })
})

test('devices: two disks with the label are no choice', () => {
  const devices = [device('sr0', 'COS_LIVE'), device('sdb', 'COS_LIVE')]
  assert.deepEqual(choose(...devices, device('sdb1', 'COS_LIVE', 'sdb')), { kind: 'several', devices })
})

test('devices: the one on the same disk is taken, and none of another disk', () => {
  const other = device('sda3', 'COS_OEM', 'sda', 'ext4')
  const same = device('vda3', 'COS_OEM', 'vda', 'ext4')
  const state = device('vda2', 'COS_STATE', 'vda', 'ext4')
  assert.equal(chooseBeside([other, same, state], 'COS_OEM', 'vda2'), same)
  assert.equal(chooseBeside([other, same], 'COS_OEM', undefined), undefined)
  assert.equal(chooseBeside([other], 'COS_OEM', undefined), other)
  assert.equal(chooseBeside([other, state], 'COS_OEM', 'vda2'), undefined)
  assert.equal(chooseBeside([state], 'COS_OEM', 'vda2'), undefined)
})

test('devices: the scan reads labels and parents, and leaves out what cannot hold a root', (context) => {
  const { host } = rootedHost(context, {
    '/sys/devices/pci0/block/vda/size': '2048',
    '/sys/devices/pci0/block/vda/vda1/size': '1024',
    '/sys/devices/pci0/block/vda/vda1/partition': '1',
    '/sys/class/block/vda': '-> ../../devices/pci0/block/vda',
    '/sys/class/block/vda1': '-> ../../devices/pci0/block/vda/vda1',
    '/sys/class/block/sr0/size': '0',
    '/sys/class/block/loop0/size': '8',
    '/sys/class/block/cciss!c0d0/size': '8',
    '/dev/vda': new Uint8Array(1024),
    '/dev/vda1': extImage('COS_STATE'),
    '/dev/sr0': isoImage('COS_LIVE'),
    '/dev/loop0': isoImage('COS_LIVE'),
    '/dev/cciss/c0d0': isoImage('COS_LIVE'),
  })
  const found = scanDevices(host).map(({ name, parent, fileSystem }) => [name, parent, fileSystem.label])
  assert.deepEqual(found, [
    ['cciss!c0d0', undefined, 'COS_LIVE'],
    ['vda1', 'vda', 'COS_STATE'],
  ])
})
