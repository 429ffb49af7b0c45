import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { printYamlText } from './print.ts'
import { readYamlText, valueOfYaml } from './read.ts'

const mistakes: readonly (readonly [text: string, at: number, message: string, hint?: string])[] = [
  ['a: "b\nc: d\n', 3, 'the quote that begins here is not closed'],
  ["a: ['b, c]\n", 4, 'the quote that begins here is not closed'],
  ['a: [b, c\n', 9, 'a bracket is not closed, or what is in it is not indented'],
  ['a: ["b",\nc]\n', 9, 'a bracket is not closed, or what is in it is not indented'],
  ['a:\n\t- b\n', 3, 'a tab cannot indent', 'use blanks'],
  ['a: 1\na: 2', 5, 'the key stands here for the second time'],
  ['a: *b', 3, 'there is no anchor &b', 'a text that begins with * needs quotes'],
  ['a: !!int b', 3, 'this is no !!int'],
  ['a: !!binary /w==', 3, '!!binary has to be base64 of a text', 'for other contents use "encoding: b64"'],
  ['a: !!binary "?"', 3, '!!binary has to be base64 of a text', 'for other contents use "encoding: b64"'],
  ['<<: 1', 0, '<< takes a map, or a list of maps'],
  [
    'x: 1\na: {{ b }}',
    9,
    'a key has to be a text, not a map or a list',
    'a value that begins with {{ needs quotes',
  ],
  ['a: @b', 3, 'a text cannot begin with @, ` or %', 'put it in quotes'],
  ['a: b: c', 4, 'a text with a colon and a blank in it needs quotes'],
  ['- a: "b" c', 9, 'something stands behind the value', 'put the whole into one pair of quotes'],
  [
    'a: "C:\\Users"',
    8,
    'a backslash between double quotes has a meaning of its own',
    'use single quotes, or two backslashes',
  ],
  ['a:\n  b: 1\n   c: 2', 13, 'this line is not indented like those that it belongs to'],
  ['- a\nb: 1', 4, 'this does not go on with what is above it', 'look at how it is indented'],
  ['a: 1\nb\n', 5, 'a key needs a colon and a blank'],
  ['a: 1\nb\nc: 1', 5, 'a key needs a colon and a blank'],
  ['a: 1\n---\nb: 2', 9, 'there is more than one document'],
  [`a: ${'['.repeat(101)}`, 102, 'nested too deeply'],
  ['a: &a {b: *a}', 0, 'an alias stands inside of what it stands for'],
  [
    Array.from({ length: 200 }, (_, n) => (n === 0 ? 'a0: &a0 []' : `a${n}: &a${n} [*a${n - 1}]`)).join('\n'),
    0,
    'nested too deeply',
  ],
  [
    Array.from({ length: 9 }, (_, n) => `a${n}: &a${n} [${`*a${n - 1},`.repeat(n && 9)}b]`).join('\n'),
    0,
    'its aliases stand for more than 100000 values',
  ],
]

for (const [text, at, message, hint] of mistakes) {
  test(`yaml: ${JSON.stringify(text).slice(0, 60)} is told in words of use`, () => {
    const result = readYamlText(text, 'cloud-config')
    assert.ok('problem' in result)
    assert.deepEqual(result.problem, { message, at: [at, at], ...(hint ? { hint } : {}) })
  })
}

const text = `# first
a: &one "x # y" # note
b: {c: [1, {d: e}], f: }
g: |  # block
  text

h: 'it''s'
i: *one
j:
  - k
  -
  - [l]
m: !!str
`

const places: readonly (readonly [path: readonly (string | number)[], written: string, at?: string])[] = [
  [['a'], '"x # y"'],
  [['b'], '{c: [1, {d: e}], f: }'],
  [['b', 'c'], '[1, {d: e}]'],
  [['b', 'c', 1, 'd'], 'e'],
  [['b', 'f'], '', ' }\ng'],
  [['g'], '|  # block\n  text\n\n'],
  [['h'], "'it''s'"],
  [['i'], '*one'],
  [['i', 'below'], '*one'],
  [['j', 0], 'k'],
  [['j', 1], '', '\n  - [l]'],
  [['j', 2], '[l]'],
  [['j', 2, 0], 'l'],
  [['j', 9], '- k\n  -\n  - [l]', '- k'],
  [['m'], '', '\n'],
]

for (const [path, written, at = written] of places) {
  test(`yaml: the place of ${path.join('.')}`, () => {
    const result = readYamlText(text, 'kiln')
    assert.ok('places' in result)
    const [start, end] = result.places.valueRange(path)
    assert.ok(text.slice(start).startsWith(at), text.slice(start))
    assert.ok(text.slice(start, end).endsWith(written), text.slice(start, end))
  })
}

test('yaml: the place of a key', () => {
  const result = readYamlText(text, 'kiln')
  assert.ok('places' in result)
  const { places } = result
  assert.deepEqual(
    [places.keyRange(['b'], 'f'), places.keyRange(['b', 'c', 1], 'd')].map((range) => text.slice(...range)),
    ['f', 'd'],
  )
  assert.deepEqual(places.keyRange(['h'], 'x'), places.valueRange(['h']))
  assert.deepEqual(
    [places.has(['b', 'f']), places.has(['b', 'x']), places.has(['i', 0])],
    [true, false, false],
  )
})

test('yaml: what was printed is read as the same, whatever looks like something else', () => {
  const strange = fc.stringMatching(/^[-+.0-9a-fox_:T~<=!&*|>%@`'"#{}[\], \n\t]{0,8}$/)
  const value = fc.dictionary(
    fc.oneof(strange, fc.string()),
    fc.oneof(strange, fc.jsonValue({ maxDepth: 4 })),
  )
  const options = fc.record({ indent: fc.constantFrom(2 as const, 4 as const), sortKeys: fc.boolean() })
  fc.assert(
    fc.property(value, options, fc.constantFrom('kiln', 'cloud-config'), (written, how, dialect) => {
      const plain: unknown = JSON.parse(JSON.stringify(written))
      assert.deepEqual(valueOfYaml(printYamlText(plain, how), dialect), plain)
    }),
    { numRuns: 3000 },
  )
})
