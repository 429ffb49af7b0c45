import assert from 'node:assert/strict'
import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { fakeBuild, fakeStep, type Work } from '../testkit/fake-build.ts'
import { temporaryFolder } from '../testkit/testkit.ts'
import { choosePruned, type PruneRules, prune, sizeOf, verifyCache } from './cache.ts'
import { type CachedObject, listObjects } from './objects.ts'
import { openSession } from './sessions.ts'

const object = (key: string, used: number, bytes = 10): CachedObject => ({
  key,
  folder: `/cache/objects/${key}`,
  card: 'outdated',
  entries: 1,
  bytes,
  made: 0,
  used,
})
const objects = [object('c', 300), object('a', 100), object('b', 200)]

const choices: readonly (readonly [
  what: string,
  rules: PruneRules,
  heldSince: number | undefined,
  removed: string,
])[] = [
  ['all', { all: true }, undefined, 'abc'],
  ['what is old', { olderThanMs: 750 }, undefined, 'ab'],
  ['nothing that is young', { olderThanMs: 2000 }, undefined, ''],
  ['the longest unused, until the rest fits', { keepBytes: 15 }, undefined, 'ab'],
  ['nothing where all of it fits', { keepBytes: 30 }, undefined, ''],
  ['both', { olderThanMs: 850, keepBytes: 10 }, undefined, 'ab'],
  ['nothing that a running build may use', { all: true }, 200, 'a'],
  ['no more than is free to go', { keepBytes: 0 }, 150, 'a'],
]

describe('choosing what to remove', () => {
  for (const [what, rules, heldSince, removed] of choices) {
    it(what, () => {
      const { remove } = choosePruned(objects, rules, { now: 1000, ...(heldSince ? { heldSince } : {}) })
      assert.equal(remove.map(({ key }) => key).join(''), removed)
    })
  }

  it('to a size leaves no more than that, and nothing that was used before what is removed', () => {
    const any = fc.array(fc.tuple(fc.nat(1000), fc.nat(100)), { maxLength: 20 })
    fc.assert(
      fc.property(any, fc.nat(800), (list, keepBytes) => {
        const all = list.map(([used, bytes], index) => object(`${index}`, used, bytes))
        const { remove } = choosePruned(all, { keepBytes }, { now: 2000 })
        const left = all.filter((each) => !remove.includes(each))
        assert.ok(sizeOf(left) <= keepBytes)
        const lastRemoved = Math.max(...remove.map(({ used }) => used))
        assert.ok(left.every(({ used }) => used >= lastRemoved))
      }),
    )
  })
})

const work: Work = async ({ id }, { out }) => {
  writeFileSync(join(out, 'made'), id)
  return {}
}

async function filled(t: TestContext) {
  const folder = temporaryFolder(t)
  const build = fakeBuild(folder, work)
  const { results } = await build.run([fakeStep('toolchain'), fakeStep('base'), fakeStep('iso')])
  const objectOf = (id: string) => join(results.get(id)?.folder ?? '', '..')
  const steps = async () => (await listObjects(folder)).map(({ card }) => (card as { step: string }).step)
  return { folder, ...build, objectOf, steps }
}

describe('pruning', () => {
  it('goes by the last use, not by when it was made', async (t) => {
    const { folder, objectOf, steps, store } = await filled(t)
    await store.close()
    for (const id of ['toolchain', 'base', 'iso']) utimesSync(join(objectOf(id), 'used'), 1000, 1000)
    const again = fakeBuild(folder, work)
    await again.run([fakeStep('base')])
    await again.store.close()
    const { remove } = await prune(folder, { olderThanMs: 3_600_000 })
    assert.equal(remove.length, 2)
    assert.deepEqual(await steps(), ['base'])
    assert.deepEqual(readdirSync(join(folder, 'drafts')), [])
    assert.equal(readdirSync(join(folder, 'locks')).length, 1)
  })

  it('leaves what a running build has, and what is made while it prunes', async (t) => {
    const { folder, objectOf, steps } = await filled(t)
    utimesSync(join(objectOf('iso'), 'used'), 1000, 1000)
    const { remove, held } = await prune(folder, { all: true })
    assert.deepEqual([remove.length, held.length], [1, 2])
    assert.deepEqual((await steps()).toSorted(), ['base', 'toolchain'])
  })

  it('of a cache that is not there does nothing', async (t) => {
    const { remove } = await prune(join(temporaryFolder(t), 'cache'), { all: true })
    assert.deepEqual(remove, [])
  })
})

describe('verifying', () => {
  const verify = async (folder: string, repair = false) => {
    const { signal } = new AbortController()
    const states = (await verifyCache(folder, { repair, signal })).map(({ state }) => state)
    return states.toSorted()
  }

  it('reads all, whatever the times say', async (t) => {
    const { folder, objectOf } = await filled(t)
    assert.deepEqual(await verify(folder), ['intact', 'intact', 'intact'])
    utimesSync(join(objectOf('iso'), 'files/made'), 1, 1)
    assert.deepEqual(await verify(folder), ['intact', 'intact', 'intact'])
    writeFileSync(join(objectOf('base'), 'files/made'), 'damage')
    writeFileSync(join(objectOf('toolchain'), 'card.json'), '{"schema": "older"}')
    assert.deepEqual(await verify(folder), ['damaged', 'intact', 'outdated'])
  })

  it('removes what is damaged where it is told to', async (t) => {
    const { folder, objectOf, steps, run, started } = await filled(t)
    writeFileSync(join(objectOf('base'), 'files/made'), 'damage')
    assert.deepEqual(await verify(folder, true), ['damaged', 'intact', 'intact'])
    assert.deepEqual((await steps()).toSorted(), ['iso', 'toolchain'])
    started.length = 0
    await run([fakeStep('base')])
    assert.deepEqual(started, ['base'])
  })

  it('is not in the way of another build', async (t) => {
    const { folder } = await filled(t)
    const session = await openSession(folder)
    assert.deepEqual(await verify(folder), ['intact', 'intact', 'intact'])
    await session.close()
  })
})
