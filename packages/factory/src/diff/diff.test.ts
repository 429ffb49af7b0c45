import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { formatLock, lockFileName } from '../lock/file.ts'
import { curl, lock, set } from '../testkit/sample-lock.ts'
import { makeSamplePayload } from '../testkit/sample-payload.ts'
import { expectCode, plant, temporaryFolder } from '../testkit/testkit.ts'
import { diffLocks } from './lock-diff.ts'
import { diffPayloads } from './payload-diff.ts'
import { diff } from './subject.ts'

const newer = { ...curl, version: '1:8.15.0-1', sha256: 'cd'.repeat(32), size: 2000 }
const other = { ...curl, name: 'wget', sha256: 'ef'.repeat(32), size: 500 }
const nothing = { added: [], removed: [], changed: [] }

describe('two locks', () => {
  it('that are the same differ in nothing', () => {
    assert.deepEqual(diffLocks(lock(), lock()), { kind: 'lock', sets: [], bases: [], download: 0 })
  })

  it('have packages that came, went and changed; several sets alike are one', () => {
    const from = lock({ 'a/all': set(curl), 'b/all': set(curl), 'c/all': set(curl) })
    const to = lock({ 'a/all': set(newer, other), 'b/all': set(newer, other), 'c/all': set(curl) })
    assert.deepEqual(diffLocks(from, to), {
      kind: 'lock',
      sets: [
        {
          names: ['a/all', 'b/all'],
          state: 'changed',
          packages: {
            added: [{ name: 'wget', version: other.version }],
            removed: [],
            changed: [{ name: 'curl', from: curl.version, to: newer.version }],
          },
          rebuilt: [],
        },
      ],
      bases: [],
      // Each file once, however many sets have it.
      download: 2500,
    })
  })

  it('may have another file of the same version, other archives, and another request', () => {
    const to = {
      ...set({ ...curl, sha256: '99'.repeat(32) }),
      epoch: 1_757_239_200,
      request: { ...set().request, include: ['curl'] },
    }
    assert.deepEqual(diffLocks(lock({ a: set(curl) }), lock({ a: to })).sets, [
      {
        names: ['a'],
        state: 'changed',
        packages: nothing,
        rebuilt: ['curl'],
        date: { from: '2025-09-06', to: '2025-09-07' },
        asked: { more: [], less: ['?essential'] },
      },
    ])
  })

  it('have sets and bases that came and went', () => {
    const base = { source: 'oci:debian:13', digest: `sha256:${'ab'.repeat(32)}` }
    const found = diffLocks(lock({ a: set(curl) }), lock({ b: set(curl) }, { box: base }))
    assert.deepEqual(
      found.sets.map(({ names, state }) => [...names, state]),
      [
        ['a', 'removed'],
        ['b', 'added'],
      ],
    )
    assert.deepEqual(found.bases, [{ name: 'box', from: 'none', to: `oci:debian:13 ${base.digest}` }])
    assert.equal(found.download, 0)
  })
})

describe('two payloads', () => {
  it('differ in components and files, and are fetched whole', (t) => {
    const { card } = makeSamplePayload(join(temporaryFolder(t), 'a'))
    const from = { payload: card, packages: undefined }
    assert.equal(diffPayloads(from, from).download, 0)
    const uki = { ...card.uki, digest: `sha256:${'00'.repeat(32)}`, size: card.uki.size + 10 }
    const kernel = { ...card.kernel, version: '6.99' }
    const found = diffPayloads(from, { payload: { ...card, uki, kernel }, packages: undefined })
    assert.deepEqual(found.changes, { kernel: { from: card.kernel.version, to: '6.99' } })
    assert.deepEqual(found.files, [{ file: uki.file, from: card.uki.size, to: uki.size }])
    assert.equal(found.size.to - found.size.from, 10)
    assert.equal(found.download, found.size.to)
  })
})

describe('what is compared', () => {
  it('is a lock or a payload, by file or folder', async (t) => {
    const folder = temporaryFolder(t)
    plant(folder, { [`a/${lockFileName}`]: formatLock(lock()), 'b.lock': formatLock(lock({})) })
    const { folder: payload } = makeSamplePayload(join(folder, 'payload'))
    assert.equal((await diff(join(folder, 'a'), join(folder, 'b.lock'))).kind, 'lock')
    assert.equal((await diff(payload, join(payload, 'payload.json'))).kind, 'payload')
    await expectCode('E-USAGE', () => diff(payload, join(folder, 'a')))
    await expectCode('E-PAYLOAD-MISSING', () => diff(join(folder, 'gone'), join(folder, 'a')))
    await expectCode('E-CONFIG-UNREADABLE', () => diff(join(folder, 'gone.json'), join(folder, 'a')))
  })
})
