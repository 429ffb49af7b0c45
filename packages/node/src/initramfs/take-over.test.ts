import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Host, HostError } from '../host/host.ts'
import { machineWithImage, table } from '../testkit/image-disk.ts'
import type { BlockDevice } from './devices.ts'
import type { Session } from './execute.ts'
import { takeOverImage } from './take-over.ts'

const state: BlockDevice = {
  name: 'sda3',
  parent: 'sda',
  fileSystem: { type: 'ext4', label: 'COS_STATE', uuid: undefined },
}
const loaderPartition = '00000000-0000-4000-8000-000000000001'

function sessionOn(host: Host): Session {
  return {
    host,
    debug: false,
    notes: [],
    medium: undefined,
    devices: [state],
    timings: [],
    loaderPartition,
    booted: { mode: 'active' },
    beingErased: undefined,
    watchdog: { wanted: false, lastTended: undefined },
  }
}

test('take over: devices are looked for again, and the loader is found by its new identity', (context) => {
  const { host, file } = machineWithImage(context)
  const session = sessionOn(host)
  assert.equal(takeOverImage(state, session), true)
  assert.deepEqual(session.devices, [])
  assert.notEqual(session.loaderPartition, loaderPartition)
  assert.equal(session.loaderPartition, table(file).partitions[0]?.uuid)
  assert.deepEqual(session.notes, ['first boot: /dev/sda has identities of its own now'])
  assert.equal(takeOverImage(state, session), false)
})

test('take over: where the kernel keeps the old partitions, the boot goes on with them', (context) => {
  const { host, file } = machineWithImage(context)
  const session = sessionOn({ ...host, run: () => ({ code: 1, stdout: '', stderr: 'busy' }) })
  assert.equal(takeOverImage(state, session), false)
  assert.deepEqual(session.devices, [state])
  assert.equal(session.loaderPartition, table(file).partitions[0]?.uuid)
  assert.equal(session.notes.length, 2)
})

test('take over: a disk that cannot be written stays as it is, and says so', (context) => {
  const { host } = machineWithImage(context)
  const overwrite: Host['overwrite'] = (path) => {
    throw new HostError('EROFS', 'overwrite', path)
  }
  const session = sessionOn({ ...host, overwrite })
  assert.equal(takeOverImage(state, session), false)
  assert.deepEqual(session.notes, ['the disk stays as the image made it: overwrite /dev/sda: EROFS'])
  assert.equal(session.loaderPartition, loaderPartition)
})

test('take over: a file system that is on a whole disk has no table', (context) => {
  const { host } = machineWithImage(context)
  const { parent: _parent, ...whole } = state
  assert.equal(takeOverImage({ ...whole, parent: undefined }, sessionOn(host)), false)
})
