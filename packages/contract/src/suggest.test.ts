import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { suggest } from './suggest.ts'

const keys = ['name', 'version', 'images', 'flavor', 'release', 'cloud-config']

const cases: readonly (readonly [word: string, expected: string | undefined])[] = [
  ['flavour', 'flavor'],
  ['Images', 'images'],
  ['image', 'images'],
  ['relase', 'release'],
  ['cloud', 'cloud-config'],
  ['x', undefined],
  ['', undefined],
  ['kubernetes', undefined],
]

for (const [word, expected] of cases) {
  test(`"${word}" means ${expected ?? 'nothing'}`, () => assert.equal(suggest(word, keys), expected))
}

test('nothing is suggested where nothing is known', () => assert.equal(suggest('name', []), undefined))

test('a suggestion is always one of the known words, and a known word means itself', () => {
  const words = fc.uniqueArray(fc.string(), { minLength: 1, selector: (word) => word.toLowerCase() })
  fc.assert(
    fc.property(fc.string(), words, (word, known) => {
      const meant = suggest(word, known)
      assert.ok(meant === undefined || known.includes(meant))
      for (const candidate of known) assert.equal(suggest(candidate, known), candidate)
    }),
  )
})
