import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RawParams } from '../../plan/step.ts'
import { identitiesFor, identitySeed } from './identities.ts'

type Seeded = Pick<RawParams, 'disk' | 'cloudConfig' | 'curtin'>
const plain: Seeded = { disk: { firmware: 'hybrid', generations: 2 }, cloudConfig: undefined }

describe('the identities of disks of one payload', () => {
  const others: Readonly<Record<string, Seeded>> = {
    'another firmware': { ...plain, disk: { firmware: 'uefi', generations: 2 } },
    'another size': { ...plain, disk: { ...plain.disk, bytes: 2 ** 33 } },
    'a cloud-config': { ...plain, cloudConfig: { file: '/a', digest: 'd1' } },
    'another cloud-config': { ...plain, cloudConfig: { file: '/a', digest: 'd2' } },
    'what MAAS runs': { ...plain, curtin: true },
  }

  it('are those of each alone', () => {
    const disks = [plain, ...Object.values(others)].map((each) => identitiesFor(identitySeed('p', each)).disk)
    assert.equal(new Set(disks).size, disks.length)
    assert.notEqual(identitiesFor(identitySeed('q', plain)).disk, disks[0])
  })

  it('do not depend on where the cloud-config lies', () => {
    const [here, there] = ['/a', '/b'].map((file) =>
      identitySeed('p', { ...plain, cloudConfig: { file, digest: 'd' } }),
    )
    assert.equal(here, there)
  })
})
