import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { debianArchitecture } from '../distros/debian-architecture.ts'
import { readLock, writeLock } from '../lock/file.ts'
import type { Lock } from '../lock/lock.ts'
import { archivePackages, resolveSample } from '../testkit/sample-definition.ts'
import { keepLock } from './keep-lock.ts'
import { lockFile } from './resolve.ts'

const own = debianArchitecture(process.arch)
const foreign = own === 'arm64' ? 'amd64' : 'arm64'
const names = (lock: Lock | undefined) => Object.keys(lock?.sets ?? {}).toSorted()
const of = (...groups: string[]) => groups.flatMap((group) => [`${group}/all`, `${group}/base`])

/** The lock as the same definition would have it on a machine of another architecture. */
function elsewhere({ sets, ...lock }: Lock): Lock {
  const moved = Object.entries(sets).map(([name, set]) => {
    if (!name.startsWith(`toolchain/${own}/`)) return [name, set] as const
    const request = { ...set.request, arch: foreign }
    return [name.replace(own, foreign), { ...set, request }] as const
  })
  return { ...lock, sets: Object.fromEntries(moved) }
}

describe('the tools in a lock', () => {
  it('are those of each machine that builds, side by side', async (t) => {
    const { build, again, definition } = await resolveSample(t)
    const file = lockFile(definition)
    await writeLock(file, elsewhere(build.lock))
    assert.equal(await keepLock(definition, (await again()).lock), true)
    const image = 'debian-13-core-amd64-generic'
    assert.deepEqual(
      names(await readLock(file)),
      of(image, ...[`toolchain/${own}`, `toolchain/${foreign}`].toSorted()),
    )
    assert.deepEqual(await again({ frozen: true }), build)
    assert.equal(await keepLock(definition, (await again()).lock), false, 'a second build changes nothing')
  })

  it('of the other machines do not make it stale for this one', async (t) => {
    const { build, again, definition } = await resolveSample(t)
    const [name = '', set] =
      Object.entries(elsewhere(build.lock).sets).find(([each]) => each.includes(foreign)) ?? []
    if (!set) assert.fail('no set of the other architecture')
    const old = { ...set, request: { ...set.request, include: ['old'] } }
    await writeLock(lockFile(definition), { ...build.lock, sets: { ...build.lock.sets, [name]: old } })
    assert.deepEqual(await again({ frozen: true }), build)
  })

  it('of all machines are renewed together', async (t) => {
    const { build, again, archive, definition } = await resolveSample(t)
    const sets = { ...elsewhere(build.lock).sets, ...build.lock.sets }
    await writeLock(lockFile(definition), { ...build.lock, sets })
    archive.publish(
      'trixie',
      archivePackages.map((each) => ({ ...each, Version: '2' })),
    )
    const { lock } = await again({ renewLock: true })
    assert.deepEqual(names(lock), Object.keys(sets).toSorted())
    for (const { packages } of Object.values(lock.sets)) assert.equal(packages[0]?.version, '2')
  })
})

describe('what nobody asks for any more', () => {
  const gone = 'debian-12-core-amd64-generic'

  it('stays while images are built, and goes when all is resolved anew', async (t) => {
    const { build, again, definition } = await resolveSample(t)
    const file = lockFile(definition)
    const [left] = Object.values(build.lock.sets)
    const sets = { ...build.lock.sets, [`${gone}/all`]: left ?? assert.fail() }
    const bases = { [gone]: { source: 'tar:old.tar', digest: `sha256:${'ab'.repeat(32)}` } }
    await writeLock(file, { ...build.lock, sets, bases })
    assert.equal(await keepLock(definition, (await again()).lock), false)
    const { lock } = await again({ renewLock: true })
    assert.equal(await keepLock(definition, lock, { prune: true }), true)
    assert.deepEqual(await readLock(file), build.lock)
  })
})
