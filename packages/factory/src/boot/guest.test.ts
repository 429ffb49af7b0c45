import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { expectCode, temporaryFolder } from '../testkit/testkit.ts'
import { chooseAccelerator } from './accel.ts'
import { guestOf } from './artifact.ts'
import { bootPurposes, prepareFirmware } from './firmware.ts'

describe('the machine for an artifact', () => {
  const names = [
    ['dist/kairos-debian-13-core-amd64-generic-v0.1.0.iso', 'amd64'],
    ['dist/kairos-debian-13-core-arm64-rpi4-v0.1.0.img', 'arm64'],
    ['my-amd64-host/kairos-debian-13-core-arm64-generic-v0.1.0.raw', 'arm64'],
    ['arm64-things/system.iso', 'amd64'],
    ['system.qcow2', 'amd64'],
  ] as const
  for (const [file, arch] of names)
    it(`of ${file} is one for ${arch}`, () => assert.equal(guestOf(file), arch))

  it('for arm64 needs more programs, has no BIOS, and is emulated', async (t) => {
    assert.deepEqual(bootPurposes('amd64'), ['boot'])
    assert.deepEqual(bootPurposes('arm64'), ['boot', 'boot-arm64'])
    await expectCode('E-USAGE', () => prepareFirmware('arm64', 'bios', temporaryFolder(t)))
    assert.equal((await chooseAccelerator('auto', 'arm64')).accel, 'tcg')
    await expectCode('E-TOOL-FAILED', () => chooseAccelerator('kvm', 'arm64'))
  })
})
