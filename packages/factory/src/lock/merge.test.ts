import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Lock, PackageSet } from './lock.ts'
import { mergeLocks, toolArchitectures } from './merge.ts'

const set = (epoch: number): PackageSet => ({
  request: { suite: 'trixie', arch: 'amd64', include: [], exclude: [] },
  archives: [],
  epoch,
  packages: [],
})
const base = (source: string) => ({ source, digest: `sha256:${'ab'.repeat(32)}` })
const lock = (sets: Lock['sets'], bases: Lock['bases'] = {}, kiln = 'v1.0.0'): Lock => ({
  schema: 'kiln.lock/v1',
  kiln,
  sets,
  bases,
})

describe('what a build keeps in the lock', () => {
  it('stands beside what others took, and in the place of what it took before', () => {
    const before = lock(
      { 'toolchain/arm64/all': set(1), 'toolchain/amd64/all': set(1) },
      { one: base('tar:a') },
    )
    const taken = lock({ 'toolchain/amd64/all': set(2) }, { two: base('tar:b') }, 'v2.0.0')
    assert.deepEqual(
      mergeLocks(before, taken),
      lock(
        { 'toolchain/arm64/all': set(1), 'toolchain/amd64/all': set(2) },
        { one: base('tar:a'), two: base('tar:b') },
        'v2.0.0',
      ),
    )
  })

  it('is all, where there was no lock', () => {
    const taken = lock({ a: set(1) })
    assert.deepEqual(mergeLocks(undefined, taken), taken)
  })
})

describe('the architectures of tools', () => {
  it('are those that the lock has sets for, each once', () => {
    const names = [
      'toolchain/amd64/base',
      'toolchain/amd64/all',
      'toolchain/arm64/all',
      'container-tools/s390x/all',
    ]
    const sets = Object.fromEntries(
      [...names, 'toolchain/all', 'debian-13/all'].map((name) => [name, set(1)]),
    )
    assert.deepEqual(toolArchitectures(lock(sets), 'toolchain'), ['amd64', 'arm64'])
    assert.deepEqual(toolArchitectures(lock(sets), 'container-tools'), ['s390x'])
    assert.deepEqual(toolArchitectures(undefined, 'toolchain'), [])
  })
})
