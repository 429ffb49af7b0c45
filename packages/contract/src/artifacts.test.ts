import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  artifactFile,
  artifactKinds,
  diskArtifactBytes,
  diskSizeProblem,
  isDiskArtifact,
} from './artifacts.ts'
import { GiB, MiB } from './bytes.ts'
import type { ImageIdentity } from './names.ts'

const image: ImageIdentity = {
  flavor: 'debian',
  flavorRelease: '13',
  variant: 'core',
  arch: 'amd64',
  device: 'generic',
  version: 'v1.0.0',
}

describe('names of artifacts', () => {
  it('are all different, and begin as the field has them', () => {
    const names = artifactKinds.map((kind) => artifactFile(image, kind))
    assert.equal(new Set(names).size, artifactKinds.length)
    for (const name of names) assert.match(name, /^kairos-debian-13-core-amd64-generic-v1\.0\.0\.\w/)
  })

  it('are none of another version, as a name with a hyphen would be', () => {
    const others = ['v1.0.0-efi', 'v1.0.0-gce'].flatMap((version) =>
      artifactKinds.map((kind) => artifactFile({ ...image, version }, kind)),
    )
    for (const kind of artifactKinds) assert.ok(!others.includes(artifactFile(image, kind)), kind)
  })
})

describe('the size of a disk', () => {
  const bytes = fc.integer({ min: 1, max: 2040 * 1024 }).map((count) => count * MiB)
  const kinds = fc.constantFrom(...artifactKinds.filter(isDiskArtifact))

  it('is rounded up to what its format or cloud takes, by less than one step', () => {
    fc.assert(
      fc.property(kinds, bytes, (kind, needed) => {
        const given = diskArtifactBytes(kind, needed)
        assert.ok(given >= needed && given - needed < GiB)
        if (given <= 2040 * GiB) assert.equal(diskSizeProblem(kind, given), undefined)
      }),
    )
  })

  it('that nobody takes is told, with the next one that would do', () => {
    assert.deepEqual(diskSizeProblem('gce', GiB + 1), {
      message: `Google Compute Engine takes whole GiB, and the disk has ${(GiB + 1) / GiB} (artifact gce)`,
      hint: 'take 2 GiB, or leave gce out of artifacts',
    })
    assert.match(diskSizeProblem('vhd', 2041 * GiB)?.message ?? '', /^Azure takes a disk of at most 2\.0 TiB/)
  })
})
