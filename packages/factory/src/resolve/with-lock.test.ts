import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { debianArchitecture } from '../distros/debian-architecture.ts'
import { writeLock } from '../lock/file.ts'
import { makeSigningKey } from '../testkit/debian-archive.ts'
import { archivePackages, only, resolveSample } from '../testkit/sample-definition.ts'
import { expectCode } from '../testkit/testkit.ts'
import { keepLock } from './keep-lock.ts'
import { lockFile } from './resolve.ts'

const ownArchitecture = debianArchitecture(process.arch)
const toolSet = `toolchain/${ownArchitecture}/base`

describe('resolving with a lock', () => {
  it('takes what it says, and asks nobody', async (t) => {
    const { build, again, asked, archive, definition } = await resolveSample(t)
    await writeLock(lockFile(definition), build.lock)
    archive.publish('trixie', [{ Package: 'other' }])
    asked.length = 0
    assert.deepEqual(await again(), build)
    assert.deepEqual(asked, [])
  })

  it('takes the newest all the same, where that is wanted', async (t) => {
    const { build, again, archive, definition } = await resolveSample(t)
    await writeLock(lockFile(definition), build.lock)
    archive.publish(
      'trixie',
      archivePackages.map((each) => ({ ...each, Version: '2' })),
    )
    const { sets } = (await again({ renewLock: true })).lock
    assert.equal(Object.keys(sets).length, 4)
    for (const { packages } of Object.values(sets)) {
      for (const { name, version } of packages) assert.equal(version, '2', name)
    }
  })

  it('fails where that may not change and does not fit, and asks nobody', async (t) => {
    const { build, again, asked, definition } = await resolveSample(t)
    asked.length = 0
    const none = await expectCode('E-LOCK-STALE', () => again({ frozen: true }))
    assert.deepEqual(none.place, { file: lockFile(definition) })
    const { [toolSet]: _, ...sets } = build.lock.sets
    await writeLock(lockFile(definition), { ...build.lock, sets })
    const stale = await expectCode('E-LOCK-STALE', () => again({ frozen: true }))
    assert.ok(
      stale.message.endsWith(`does not fit the definition: ${toolSet} (not in the lock)`),
      stale.message,
    )
    assert.deepEqual([stale.exitCode, stale.hint], [9, 'kiln lock'])
    await writeLock(lockFile(definition), build.lock)
    assert.deepEqual(await again({ frozen: true }), build)
    assert.deepEqual(asked, [])
  })

  it('calls its sets by the image without its version, so that a new version takes the same', async (t) => {
    const { build, again, definition, asked } = await resolveSample(t)
    assert.deepEqual(Object.keys(build.lock.sets).toSorted(), [
      'debian-13-core-amd64-generic/all',
      'debian-13-core-amd64-generic/base',
      `toolchain/${ownArchitecture}/all`,
      toolSet,
    ])
    await writeLock(lockFile(definition), build.lock)
    asked.length = 0
    const images = definition.images.map((image) => ({
      ...image,
      identity: { ...image.identity, version: 'v2.0.0' },
    }))
    assert.deepEqual((await again({ images })).lock, build.lock)
    assert.deepEqual(asked, [])
  })

  it('lies beside the definition, and is not written here', async (t) => {
    const { folder, definition } = await resolveSample(t)
    assert.equal(lockFile(definition), join(folder, 'kiln.lock'))
    assert.equal(existsSync(lockFile(definition)), false)
  })

  it('fails at the place where it is broken', async (t) => {
    const files = { 'kiln.lock': 'schema: kiln.lock/v1\nkiln: 1\nsets: {}\n' }
    const error = await expectCode('E-CONFIG-WRONG-TYPE', () => resolveSample(t, { files }))
    assert.deepEqual([error.place?.line, error.place?.column], [2, 7])
  })
})

describe('a lock', () => {
  it('is stale after the keyring got other keys, and told so without a question to anybody', async (t) => {
    const { build, again, asked, folder, definition } = await resolveSample(t)
    await writeLock(lockFile(definition), build.lock)
    copyFileSync(makeSigningKey(t).keyring, join(folder, 'keys.gpg'))
    asked.length = 0
    const stale = await expectCode('E-LOCK-STALE', () => again({ frozen: true }))
    assert.equal(stale.exitCode, 9)
    for (const name of Object.keys(build.lock.sets)) {
      assert.ok(stale.message.includes(`${name} (another keyring)`), stale.message)
    }
    assert.deepEqual(asked, [])
    await expectCode('E-ARCHIVE-UNTRUSTED', () => again())
  })

  it('is stale where the keyring is that of the distribution now, and not where it lies elsewhere', async (t) => {
    const { build, again, folder, definition, redefine } = await resolveSample(t)
    await writeLock(lockFile(definition), build.lock)
    copyFileSync(join(folder, 'keys.gpg'), join(folder, 'moved.gpg'))
    const moved = redefine((text) => text.replace('keys.gpg', 'moved.gpg'))
    assert.deepEqual((await again({ ...moved, frozen: true })).lock, build.lock)
    const usual = redefine((text) => text.replace('keyring: moved.gpg\n', ''))
    await expectCode('E-LOCK-STALE', () => again({ ...usual, frozen: true }))
  })

  it('is stale where its packages come from other components', async (t) => {
    const { build, again, definition } = await resolveSample(t)
    const { components: _, ...request } = build.lock.sets[toolSet]?.request ?? assert.fail()
    const old = { ...(build.lock.sets[toolSet] ?? assert.fail()), request }
    await writeLock(lockFile(definition), { ...build.lock, sets: { ...build.lock.sets, [toolSet]: old } })
    const stale = await expectCode('E-LOCK-STALE', () => again({ frozen: true }))
    assert.ok(stale.message.endsWith(`${toolSet} (other components of the archive)`), stale.message)
  })

  it('fits another mirror: only the files come from there', async (t) => {
    const { build, again, asked, archive, definition, redefine } = await resolveSample(t)
    await writeLock(lockFile(definition), build.lock)
    asked.length = 0
    const moved = redefine((text) => text.replace(archive.url, 'http://mirror.invalid/debian'))
    const there = await again({ ...moved, frozen: true })
    assert.deepEqual(there.lock, build.lock)
    const [before, after] = [only(build).root.all, only(there).root.all]
    for (const { url } of [...after.packages, ...there.toolchain.base.packages]) {
      assert.match(url, /^http:\/\/mirror\.invalid\/debian\/pool\/[a-z]/)
    }
    const withoutPlace = after.packages.map(({ url, ...rest }) => rest)
    assert.deepEqual(
      withoutPlace,
      before.packages.map(({ url, ...rest }) => rest),
    )
    assert.deepEqual(after.archives, before.archives)
    const unset = redefine((text) => text.replace(/^mirror: .*\n/m, ''))
    assert.deepEqual(only(await again({ ...unset, frozen: true })).root.all, before)
    assert.deepEqual(asked, [])
  })

  it('names the Kiln that resolved any of it last, not the one that read it', async (t) => {
    const { build, again, definition } = await resolveSample(t)
    await writeLock(lockFile(definition), { ...build.lock, kiln: 'v0.0.1' })
    assert.equal((await again()).lock.kiln, 'v0.0.1')
    assert.equal((await again({ renewLock: true })).lock.kiln, 'v0.0.1')
    await keepLock(definition, (await again()).lock)
    assert.match(readFileSync(lockFile(definition), 'utf8'), /^kiln: v0\.0\.1$/m)
  })
})
