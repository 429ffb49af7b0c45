import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ErrorCode } from '@kiln/contract'
import fc from 'fast-check'
import { expectCode, plant, temporaryFolder, underUmask } from '../testkit/testkit.ts'
import { formatLock, lockFileName, readLock, writeLock } from './file.ts'
import type { Lock, LockedPackage, PackageSet } from './lock.ts'

const curl: LockedPackage = {
  name: 'curl',
  version: '1:8.14.1~rc1-2+b1',
  architecture: 'amd64',
  sha256: 'ab'.repeat(32),
  size: 1234,
  url: 'http://mirror.test/pool/curl_8.14.1%7erc1-2%2bb1_amd64.deb',
}
const set = (...packages: LockedPackage[]): PackageSet => ({
  request: { suite: 'trixie', arch: 'amd64', include: ['?essential', 'curl'], exclude: [] },
  archives: [{ uri: 'http://mirror.test/', suite: 'trixie', components: ['main'] }],
  epoch: 1_757_152_800,
  packages,
})
const lock = (sets: Lock['sets'] = { 'toolchain/base': set(curl) }, bases: Lock['bases'] = {}): Lock => ({
  schema: 'kiln.lock/v1',
  kiln: 'v0.1.0',
  sets,
  bases,
})

/** Texts that a careless writer of YAML would turn into something else. */
const tricky = fc.constantFrom(
  'null',
  'yes',
  '0x10',
  '1e3',
  '012',
  '1:20',
  '~',
  '',
  ' ',
  '- a',
  'a: b',
  '#',
  '\t',
  '*a',
)
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), tricky)
const hash = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 })
const packages = fc.array(
  fc.record({
    name: text,
    version: text,
    architecture: text,
    sha256: hash,
    size: fc.nat(),
    url: text,
  }),
)
const anySet = fc.record({
  request: fc.record({ suite: text, arch: text, include: fc.array(text), exclude: fc.array(text) }),
  archives: fc.array(fc.record({ uri: text, suite: text, components: fc.array(text) })),
  epoch: fc.nat(),
  packages,
})
const names = text.filter((name) => name !== '__proto__')
const anyLock: fc.Arbitrary<Lock> = fc.record({
  schema: fc.constant('kiln.lock/v1' as const),
  kiln: text,
  sets: fc.dictionary(names, anySet, { noNullPrototype: true }),
  bases: fc.dictionary(names, fc.record({ source: text, digest: hash.map((hex) => `sha256:${hex}`) })),
})

describe('the text of a lock', () => {
  it('holds the same lock, whatever is in it', async (t) => {
    const file = join(temporaryFolder(t), lockFileName)
    await fc.assert(
      fc.asyncProperty(anyLock, async (given) => {
        writeFileSync(file, formatLock(given))
        assert.deepEqual(await readLock(file), structuredClone(given))
      }),
    )
  })

  it('is the same for the same lock, in whatever order its sets and bases were resolved', () => {
    fc.assert(
      fc.property(anyLock, (given) => {
        const turned = <T>(all: Record<string, T>) => Object.fromEntries(Object.entries(all).toReversed())
        const other = { ...given, sets: turned(given.sets), bases: turned(given.bases) }
        assert.equal(formatLock(other), formatLock(given))
      }),
    )
  })

  it('is the same after it was read and written again', async (t) => {
    const file = join(temporaryFolder(t), lockFileName)
    await fc.assert(
      fc.asyncProperty(anyLock, async (given) => {
        writeFileSync(file, formatLock(given))
        assert.equal(formatLock((await readLock(file)) ?? lock()), formatLock(given))
      }),
    )
  })

  it('has its sets sorted, says what it is, and repeats nothing by reference', () => {
    const written = formatLock(lock({ b: set(curl), 'a/all': set(curl, curl), a: set() }))
    assert.deepEqual(
      [...written.matchAll(/^ {2}(\S+):$/gm)].map(([, name]) => name),
      ['a', 'a/all', 'b'],
    )
    assert.match(written, /^# .*kiln lock/)
    assert.doesNotMatch(written, /[&*]a\d/)
  })
})

describe('reading a lock', () => {
  it('finds none where there is none', async (t) => {
    assert.equal(await readLock(join(temporaryFolder(t), lockFileName)), undefined)
  })

  it('takes one without bases for one that has none', async (t) => {
    const folder = temporaryFolder(t)
    plant(folder, { [lockFileName]: formatLock(lock()).replace(/^bases: .*\n/m, '') })
    assert.deepEqual(await readLock(join(folder, lockFileName)), lock())
  })

  const good = formatLock(lock())
  const bad: readonly (readonly [what: string, text: string, code: ErrorCode, line: number])[] = [
    ['is no YAML', `${good}x: [\n`, 'E-CONFIG-SYNTAX', good.split('\n').length + 1],
    ['was merged with conflicts', `<<<<<<< ours\n${good}`, 'E-CONFIG-SYNTAX', 3],
    ['has a key that nobody knows', good.replace('kiln:', 'klin: a\nkiln:'), 'E-CONFIG-UNKNOWN-KEY', 3],
    ['lacks a key', good.replace(/^ +epoch: .*\n/m, ''), 'E-CONFIG-MISSING-KEY', 6],
    ['has a short hash', good.replace(/(sha256: "?)ab/, '$1'), 'E-CONFIG-BAD-VALUE', 23],
    ['has a text for a number', good.replace('size: 1234', 'size: many'), 'E-CONFIG-WRONG-TYPE', 24],
    ['is of a later form', good.replace('kiln.lock/v1', 'kiln.lock/v2'), 'E-CONFIG-BAD-VALUE', 2],
    ['is empty', '', 'E-CONFIG-MISSING-KEY', 1],
  ]
  for (const [what, written, code, line] of bad) {
    it(`fails at the place if it ${what}`, async (t) => {
      const folder = temporaryFolder(t)
      plant(folder, { [lockFileName]: written })
      const file = join(folder, lockFileName)
      const error = await expectCode(code, () => readLock(file))
      assert.equal(error.place?.file, file)
      assert.equal(error.place?.line, line, JSON.stringify(error.place))
    })
  }
})

describe('writing a lock', () => {
  it('tells whether anything changed, and touches nothing where nothing did', async (t) => {
    const file = join(temporaryFolder(t), lockFileName)
    assert.equal(await writeLock(file, lock()), true)
    utimesSync(file, 1, 1)
    const before = statSync(file)
    assert.equal(await writeLock(file, lock()), false)
    const after = statSync(file)
    assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs])
    assert.equal(await writeLock(file, lock({})), true)
    assert.deepEqual(await readLock(file), lock({}))
  })

  it('makes a file that others may read, and nothing beside it', async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, lockFileName)
    await underUmask(0o022, () => writeLock(file, lock()))
    assert.equal(statSync(file).mode & 0o777, 0o644)
    assert.deepEqual(readdirSync(folder), [lockFileName])
  })

  const links = { 'a file': 'elsewhere', nothing: 'nowhere' }
  for (const [what, link] of Object.entries(links)) {
    it(`refuses a link to ${what}`, async (t) => {
      const folder = temporaryFolder(t)
      plant(folder, { elsewhere: 'mine', [lockFileName]: { link } })
      const file = join(folder, lockFileName)
      const error = await expectCode('E-CONFIG-UNREADABLE', () => writeLock(file, lock()))
      assert.deepEqual(error.place, { file })
      assert.deepEqual(readdirSync(folder).toSorted(), ['elsewhere', lockFileName].toSorted())
      assert.equal(readFileSync(join(folder, 'elsewhere'), 'utf8'), 'mine')
    })
  }

  it('by many at once leaves one whole lock and no parts', async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, lockFileName)
    const locks = Array.from({ length: 8 }, (_, number) => lock({ [`set-${number}`]: set(curl) }))
    await Promise.all(locks.map((each) => writeLock(file, each)))
    assert.deepEqual(readdirSync(folder), [lockFileName])
    assert.ok(locks.map(formatLock).includes(readFileSync(file, 'utf8')))
  })

  it('that cannot be finished leaves the lock as it was, and no part of the new one', async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, lockFileName)
    await writeLock(file, lock({}))
    const large = join(folder, 'large.json')
    writeFileSync(large, JSON.stringify(lock({ large: set(...Array.from({ length: 99 }, () => curl)) })))
    const script = `
      import { readFileSync } from 'node:fs'
      import { writeLock } from ${JSON.stringify(fileURLToPath(new URL('file.ts', import.meta.url)))}
      await writeLock(${JSON.stringify(file)}, JSON.parse(readFileSync(${JSON.stringify(large)}, 'utf8'))).then(
        () => process.exit(0),
        (error) => process.exit(error.code === 'EFBIG' ? 77 : 1),
      )`
    // A file may have so many blocks of 512 bytes: it ends as on a full disk.
    const limited = [
      '-c',
      'ulimit -f 4; exec "$@"',
      'sh',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ]
    const { status, stderr } = spawnSync('sh', limited, { encoding: 'utf8' })
    assert.equal(status, 77, stderr)
    assert.deepEqual(await readLock(file), lock({}))
    assert.deepEqual(readdirSync(folder).toSorted(), [lockFileName, 'large.json'].toSorted())
  })
})
