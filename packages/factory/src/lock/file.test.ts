import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import type { ErrorCode } from '@kiln/contract'
import fc from 'fast-check'
import { asNobody, curl, lock, set } from '../testkit/sample-lock.ts'
import { expectCode, type Planted, plant, temporaryFolder } from '../testkit/testkit.ts'
import { formatLock, lockFileName, readLock } from './file.ts'
import type { Lock } from './lock.ts'

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

  const unreadable: readonly (readonly [what: string, planted: Planted, reason: RegExp])[] = [
    ['a folder', 'folder/', /it is a folder$/],
    ['a link to itself', { link: lockFileName }, /a link that leads in circles$/],
  ]
  for (const [what, planted, reason] of unreadable) {
    it(`fails in words where ${what} is in its place`, async (t) => {
      const folder = temporaryFolder(t)
      plant(folder, { [lockFileName]: planted })
      const file = join(folder, lockFileName)
      const error = await expectCode('E-CONFIG-UNREADABLE', () => readLock(file))
      assert.match(error.message, reason)
      assert.ok(error.message.startsWith(file))
      assert.deepEqual([error.place, error.exitCode], [{ file }, 3])
    })
  }

  it('fails in words where it is no text', async (t) => {
    const file = join(temporaryFolder(t), lockFileName)
    writeFileSync(file, Buffer.from([0xff, 0xfe, 0x00]))
    assert.match((await expectCode('E-CONFIG-UNREADABLE', () => readLock(file))).message, /not UTF-8 text$/)
  })

  it('fails in words where the user may not read it', async (t) => {
    const file = join(temporaryFolder(t), lockFileName)
    writeFileSync(file, formatLock(lock()), { mode: 0o000 })
    const { code, message } = await asNobody(dirname(file), `await readLock(${JSON.stringify(file)})`)
    assert.deepEqual([code, message], ['E-CONFIG-UNREADABLE', `${file} cannot be read: permission is denied`])
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
