import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readLock, writeLock } from '../lock/file.ts'
import { sha256 } from '../testkit/debian-archive.ts'
import { resolveSample } from '../testkit/sample-definition.ts'
import { expectCode } from '../testkit/testkit.ts'
import { keepLock } from './keep-lock.ts'
import { lockFile } from './resolve.ts'

const image = 'debian-13-core-amd64-generic'
const digestOf = (text: string) => `sha256:${sha256(text)}`

/** A definition with an imported base, and its lock. */
async function locked(t: TestContext) {
  const files = { 'base.tar': 'a base' }
  const sample = await resolveSample(t, { image: ['base: tar:base.tar'], files })
  await writeLock(lockFile(sample.definition), sample.build.lock)
  sample.asked.length = 0
  return sample
}

describe('an imported base with a lock that may not change', () => {
  it('is taken where it is what the lock says', async (t) => {
    const { build, again, asked } = await locked(t)
    assert.deepEqual(build.lock.bases, { [image]: { source: 'tar:base.tar', digest: digestOf('a base') } })
    assert.deepEqual(await again({ frozen: true }), build)
    assert.deepEqual(asked, [])
  })

  it('fails where its content has changed', async (t) => {
    const { again, folder, definition, asked } = await locked(t)
    writeFileSync(join(folder, 'base.tar'), 'another base')
    const error = await expectCode('E-LOCK-STALE', () => again({ frozen: true }))
    const [is, was] = ['another base', 'a base'].map(digestOf)
    assert.ok(error.message.endsWith(`${image} (base tar:base.tar is ${is}, not ${was})`), error.message)
    assert.deepEqual([error.exitCode, error.hint], [9, 'kiln lock'])
    assert.deepEqual(error.place, { file: lockFile(definition) })
    assert.deepEqual(asked, [])
  })

  it('fails where the lock has none', async (t) => {
    const { build, again, definition } = await locked(t)
    await writeLock(lockFile(definition), { ...build.lock, bases: {} })
    const error = await expectCode('E-LOCK-STALE', () => again({ frozen: true }))
    assert.ok(error.message.endsWith(`${image} (base tar:base.tar not in the lock)`), error.message)
  })

  it('fails where it is another one, before anybody is asked for it', async (t) => {
    const { again, redefine } = await locked(t)
    const moved = redefine((text) => text.replace('tar:base.tar', 'oci:registry.invalid/base:1'))
    const error = await expectCode('E-LOCK-STALE', () => again({ ...moved, frozen: true }))
    assert.ok(
      error.message.endsWith(`${image} (base oci:registry.invalid/base:1 instead of tar:base.tar)`),
      error.message,
    )
  })
})

describe('an imported base that has changed', () => {
  it('goes into the lock with the next build, which says who wrote it', async (t) => {
    const { build, again, folder, definition } = await locked(t)
    await writeLock(lockFile(definition), { ...build.lock, kiln: 'v0.0.1' })
    assert.equal((await again()).lock.kiln, 'v0.0.1')
    writeFileSync(join(folder, 'base.tar'), 'another base')
    const { lock } = await again()
    assert.equal(lock.kiln, 'v9.9.9')
    assert.equal(await keepLock(definition, lock), true)
    assert.equal((await readLock(lockFile(definition)))?.bases[image]?.digest, digestOf('another base'))
  })
})
