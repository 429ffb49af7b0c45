import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Lock, SetRequest } from './lock.ts'
import { listStale, staleSets } from './stale.ts'

const keyring = `sha256:${'ab'.repeat(32)}`
const request: SetRequest = {
  suite: 'trixie',
  arch: 'amd64',
  components: ['main'],
  keyring,
  include: ['apt'],
  exclude: [],
}
const lockWith = (locked: SetRequest): Lock => ({
  schema: 'kiln.lock/v1',
  kiln: 'v0.1.0',
  sets: { root: { request: locked, archives: [], epoch: 0, packages: [] } },
  bases: {},
})
const stale = (lock: Lock | undefined) => staleSets(lock, [{ name: 'root', request }])

describe('stale sets', () => {
  it('are none, where all fit', () => assert.deepEqual(stale(lockWith({ ...request })), []))

  it('are all, where there is no lock', () => {
    assert.deepEqual(stale(undefined), [{ name: 'root', why: 'not in the lock' }])
  })

  const { keyring: _, ...ofDistribution } = request
  const { components: __, ...old } = request
  const cases: readonly (readonly [what: string, locked: SetRequest, why: string])[] = [
    ['another suite', { ...request, suite: 'forky' }, 'another suite'],
    ['another architecture', { ...request, arch: 'arm64' }, 'another architecture'],
    ['other components', { ...request, components: ['main', 'contrib'] }, 'other components of the archive'],
    ['another keyring', { ...request, keyring: `sha256:${'cd'.repeat(32)}` }, 'another keyring'],
    ['the keyring of the distribution', ofDistribution, 'another keyring'],
    ['no components, as the first locks have', old, 'other components of the archive'],
    ['other packages', { ...request, include: [] }, 'other packages'],
    ['other packages to leave out', { ...request, exclude: ['nano'] }, 'other packages to leave out'],
    ['two differences', { ...request, suite: 'a', include: [] }, 'another suite, other packages'],
  ]
  for (const [what, locked, why] of cases) {
    it(`say what differs: ${what}`, () => {
      assert.deepEqual(stale(lockWith(locked)), [{ name: 'root', why }])
    })
  }

  it('are listed with their reasons', () => {
    const entries = [
      { name: 'a', why: 'not in the lock' },
      { name: 'b', why: 'another keyring' },
    ]
    assert.equal(listStale(entries), 'a (not in the lock), b (another keyring)')
  })
})
