import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { makeArchive, makeSigningKey, type TestPackage } from '../testkit/debian-archive.ts'
import { expectCode, temporaryFolder } from '../testkit/testkit.ts'
import type { Lock, SetRequest } from './lock.ts'
import { staleSets } from './stale.ts'
import { type UpdateOptions, updateLock, type WantedSet } from './update.ts'

const older: readonly TestPackage[] = [
  { Package: 'base', Version: '1', Essential: 'yes' },
  { Package: 'editor', Version: '1:1.0', Depends: 'base' },
  { Package: 'pager', Version: '1' },
]
const newer = older.map((each) => ({ ...each, Version: `2:${each.Version?.replace(/^\d:/, '')}` }))
const [sixth, eighth] = ['Sat, 06 Sep 2025 10:00:00 UTC', 'Mon, 08 Sep 2025 10:00:00 UTC']
const request = (include: readonly string[], change: Partial<SetRequest> = {}): SetRequest => ({
  suite: 'trixie',
  arch: 'amd64',
  include: [...include],
  exclude: [],
  ...change,
})

/** Two groups, as an image and the toolchain are: each with a base and the whole. */
const requests: Readonly<Record<string, SetRequest>> = {
  'one/base': request(['?essential']),
  'one/all': request(['?essential', 'editor']),
  'two/base': request(['?essential']),
  'two/all': request(['pager', '?essential']),
}

async function bench(t: TestContext) {
  const archive = await makeArchive(t)
  archive.publish('trixie', older, { date: sixth })
  const cacheFolder = join(temporaryFolder(t), 'cache')
  const wantedOf = (all: Readonly<Record<string, SetRequest>>): WantedSet[] =>
    Object.entries(all).map(([name, request]) => ({
      name,
      group: name.replace(/\/.*/, ''),
      request,
      ...(name.endsWith('/all') ? { base: name.replace('/all', '/base') } : {}),
      archive: {
        suite: request.suite,
        components: ['main'],
        mirror: archive.url,
        keyring: archive.keyring,
        keyringPackage: 'none',
      },
    }))
  const resolved: string[] = []
  const reasons = new Map<string, string>()
  const update = (
    lock: Lock | undefined,
    wanted = wantedOf(requests),
    change: Partial<UpdateOptions> = {},
  ) => {
    resolved.length = 0
    const options = {
      kilnVersion: 'v9.9.9',
      cacheFolder,
      renew: false,
      onResolve: (set: string, why: string) => {
        resolved.push(set)
        reasons.set(set, why)
      },
    }
    return updateLock(lock, wanted, { ...options, signal: new AbortController().signal, ...change })
  }
  return { ...archive, wantedOf, update, resolved, reasons }
}

const versions = (lock: Lock, set: string) =>
  lock.sets[set]?.packages.map(({ name, version }) => `${name} ${version}`)

describe('a lock', () => {
  it('is made where there is none: what was asked for, of which archive, and which packages', async (t) => {
    const { update, resolved, url } = await bench(t)
    const lock = await update(undefined)
    assert.deepEqual([lock.schema, lock.kiln], ['kiln.lock/v1', 'v9.9.9'])
    assert.deepEqual(resolved.toSorted(), Object.keys(requests).toSorted())
    for (const [name, request] of Object.entries(requests)) {
      const { packages, ...rest } = lock.sets[name] ?? assert.fail(name)
      const archives = [{ uri: `${url}/`, suite: 'trixie', components: ['main'] }]
      assert.deepEqual(rest, { request, archives, epoch: Date.parse(sixth) / 1000 })
      for (const { url: from } of packages) assert.ok(from.startsWith(`${url}/pool/`), from)
    }
    assert.deepEqual(versions(lock, 'one/base'), ['base 1'])
    assert.deepEqual(versions(lock, 'one/all'), ['base 1', 'editor 1:1.0'])
    assert.deepEqual(versions(lock, 'two/all'), ['base 1', 'pager 1'])
  })

  it('that fits is kept, without a question to anybody', async (t) => {
    const { update, resolved, asked, publish } = await bench(t)
    const lock = await update(undefined)
    publish('trixie', newer, { date: eighth })
    asked.length = 0
    assert.deepEqual((await update(lock)).sets, lock.sets)
    assert.deepEqual([asked, resolved], [[], []])
  })

  it('is loaded from one archive only once, however many sets take from it', async (t) => {
    const { update, asked } = await bench(t)
    await update(undefined)
    assert.equal(asked.filter((path) => path.endsWith('/Packages')).length, 1)
  })

  const keyring = `sha256:${'ab'.repeat(32)}`
  const changes: readonly (readonly [what: string, change: Partial<SetRequest>, why: string])[] = [
    ['another package', { include: ['?essential', 'editor', 'pager'] }, 'other packages'],
    ['a package less', { include: ['?essential'] }, 'other packages'],
    ['the same in another order', { include: ['editor', '?essential'] }, 'other packages'],
    ['something to leave out', { exclude: ['pager'] }, 'other packages to leave out'],
    ['another architecture', { arch: 'arm64' }, 'another architecture'],
    ['another suite', { suite: 'forky' }, 'another suite'],
    ['other components', { components: ['main', 'contrib'] }, 'other components of the archive'],
    ['another keyring', { keyring }, 'another keyring'],
    ['more than one thing', { arch: 'arm64', keyring }, 'another architecture, another keyring'],
  ]
  for (const [what, change, why] of changes) {
    it(`that is asked for ${what} is resolved anew in that group, and kept in the other`, async (t) => {
      const { update, resolved, reasons, publish, wantedOf } = await bench(t)
      const lock = await update(undefined)
      for (const suite of ['trixie', 'forky']) publish(suite, newer, { date: eighth })
      const changed = { ...requests, 'one/all': { ...requests['one/all'], ...change } as SetRequest }
      assert.deepEqual(staleSets(lock, wantedOf(changed)), [{ name: 'one/all', why }])
      const after = await update(lock, wantedOf(changed))
      assert.deepEqual(resolved.toSorted(), ['one/all', 'one/base'])
      assert.equal(reasons.get('one/base'), why)
      assert.deepEqual(after.sets['one/all']?.request, changed['one/all'])
      assert.deepEqual(versions(after, 'one/base'), ['base 2:1'])
      assert.equal(after.sets['one/all']?.epoch, Date.parse(eighth) / 1000)
      for (const name of ['two/base', 'two/all']) assert.equal(after.sets[name], lock.sets[name])
    })
  }

  it('that lacks a set gets its group anew, and loses what nobody wants', async (t) => {
    const { update, resolved, wantedOf } = await bench(t)
    const lock = await update(undefined)
    const { 'one/base': _, ...rest } = lock.sets
    const { 'two/base': __, 'two/all': ___, ...wanted } = requests
    const after = await update({ ...lock, sets: rest }, wantedOf(wanted))
    assert.deepEqual(resolved.toSorted(), ['one/all', 'one/base'])
    assert.deepEqual(Object.keys(after.sets).toSorted(), ['one/all', 'one/base'])
  })

  it('is renewed as a whole where that is wanted', async (t) => {
    const { update, resolved, publish } = await bench(t)
    const lock = await update(undefined)
    publish('trixie', newer, { date: eighth })
    const after = await update(lock, undefined, { renew: true })
    assert.deepEqual(resolved.toSorted(), Object.keys(requests).toSorted())
    assert.deepEqual(versions(after, 'one/all'), ['base 2:1', 'editor 2:1.0'])
    assert.deepEqual(versions(after, 'two/all'), ['base 2:1', 'pager 2:1'])
  })

  it('is the same when it is made again from the same archive', async (t) => {
    const { update } = await bench(t)
    const lock = await update(undefined)
    assert.deepEqual(await update(lock, undefined, { renew: true }), lock)
    assert.deepEqual(await update(undefined), lock)
  })

  it('says that its Kiln made it as long as all stays the same, also when it is renewed', async (t) => {
    const { update, wantedOf, publish } = await bench(t)
    const lock = { ...(await update(undefined)), kiln: 'v0.0.1' }
    assert.equal((await update(lock)).kiln, 'v0.0.1')
    assert.equal((await update(lock, undefined, { renew: true })).kiln, 'v0.0.1')
    const fewer = wantedOf({ 'one/base': requests['one/base'] as SetRequest })
    assert.equal((await update(lock, fewer)).kiln, 'v0.0.1')
    publish('trixie', newer, { date: eighth })
    assert.equal((await update(lock, undefined, { renew: true })).kiln, 'v9.9.9')
  })

  it('takes its time from what the archive signed, not from what somebody else answers', async (t) => {
    const { update, answerOnce, asked } = await bench(t)
    const forged = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nDate: ${eighth}\n`
    answerOnce('/dists/trixie/InRelease', forged)
    const lock = await update(undefined)
    assert.equal(asked.filter((path) => path.endsWith('/trixie/InRelease')).length, 2)
    for (const { epoch } of Object.values(lock.sets)) assert.equal(epoch, Date.parse(sixth) / 1000)
  })

  for (const name of ['base', 'libbase']) {
    it(`cannot be made without ${name}, which is in the set beneath, and says so`, async (t) => {
      const { update, wantedOf, publish } = await bench(t)
      publish('trixie', [
        { Package: 'libbase' },
        ...older.map((each) => (each.Package === 'base' ? { ...each, Depends: 'libbase' } : each)),
      ])
      const wanted = wantedOf({
        ...requests,
        'one/all': request(['?essential'], { exclude: ['pager', name] }),
      })
      const error = await expectCode('E-PACKAGE-REQUIRED', () => update(undefined, wanted))
      assert.deepEqual([error.subjects, error.exitCode], [[name], 3])
      assert.match(error.message, new RegExp(`^${name} cannot be left out: .*essential.*\\(one/base\\)$`))
      assert.match(error.hint ?? '', /packages\.remove/)
    })
  }

  it('that leaves out what is in the set beneath is refused, though it is there already', async (t) => {
    const { update, wantedOf } = await bench(t)
    const lock = await update(undefined)
    const all = lock.sets['one/all'] ?? assert.fail()
    const asked = request(['?essential', 'editor'], { exclude: ['base'] })
    const sets = { ...lock.sets, 'one/all': { ...all, request: asked } }
    const wanted = wantedOf({ ...requests, 'one/all': asked })
    await expectCode('E-PACKAGE-REQUIRED', () => update({ ...lock, sets }, wanted))
  })

  it('is not made where the archive lacks a package', async (t) => {
    const { update, wantedOf } = await bench(t)
    const wanted = wantedOf({ ...requests, 'one/all': request(['editor', 'edtior']) })
    const error = await expectCode('E-PACKAGE-UNKNOWN', () => update(undefined, wanted))
    assert.deepEqual(error.subjects, ['edtior'])
  })

  it('is not made from an archive that another key signed', async (t) => {
    const { update, wantedOf } = await bench(t)
    const { keyring } = makeSigningKey(t)
    const wanted = wantedOf(requests).map((set) => ({ ...set, archive: { ...set.archive, keyring } }))
    const error = await expectCode('E-ARCHIVE-UNTRUSTED', () => update(undefined, wanted))
    assert.match(error.hint ?? '', /keyring/)
  })
})
