import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headers, parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import { CloudConfig } from '@kiln/contract/cloud-config/schema/cloud-config'
import { plainOf } from '@kiln/contract/cloud-config/tree'
import { knownKeys } from '@kiln/contract/schema-keys'
import fc from 'fast-check'
import { collect } from './collect.ts'
import { commandLineConfig } from './command-line.ts'
import { explain } from './explain.ts'
import { mergePlain } from './merge.ts'
import { migrate } from './migrate/migrate.ts'
import { printConfig } from './print.ts'

/** Texts that the parser is given. More of them by an environment variable, for long runs. */
const parserRuns = Number(process.env.KILN_FUZZ_RUNS ?? 100_000)
const otherRuns = Math.max(300, Math.floor(parserRuns / 300))

const scalar = fc.oneof(fc.string({ maxLength: 6 }), fc.integer(), fc.boolean())
const names = fc.constantFrom('a', 'b', 'c', '__proto__', 'x.y')

/** Values of one shape, so that two of them can be merged: no nulls, no misfits. */
const { tree: shaped } = fc.letrec<{ tree: object; list: unknown[]; map: object }>((tie) => ({
  tree: fc.record(
    {
      text: scalar,
      list: tie('list'),
      map: tie('map'),
      maps: fc.array(fc.dictionary(names, scalar), { maxLength: 3 }),
    },
    { requiredKeys: [] },
  ),
  list: fc.array(scalar, { maxLength: 4 }),
  map: fc.dictionary(names, scalar, { maxKeys: 3 }),
}))

test('merge: without nulls and misfits it does not matter which two are merged first', () => {
  fc.assert(
    fc.property(shaped, shaped, shaped, (a, b, c) => {
      assert.deepEqual(mergePlain(mergePlain(a, b), c), mergePlain(a, mergePlain(b, c)))
    }),
    { numRuns: otherRuns },
  )
})

test('merge: nothing changes nothing, and what is merged is not changed itself', () => {
  fc.assert(
    fc.property(shaped, shaped, (a, b) => {
      const before = JSON.stringify([a, b])
      mergePlain(a, b)
      assert.equal(JSON.stringify([a, b]), before)
      assert.deepEqual(mergePlain(a, {}), mergePlain({}, a))
    }),
    { numRuns: otherRuns },
  )
})

const anything = fc.dictionary(
  fc.string({ maxLength: 8 }).map((name) => `x-${name}`),
  fc.jsonValue({ maxDepth: 3 }),
  { maxKeys: 4 },
)

test('print: what was printed is read as the same', () => {
  fc.assert(
    fc.property(anything, (value) => {
      const first = collect([{ kind: 'file', name: 'a', text: `#cloud-config\n${JSON.stringify(value)}` }])
      assert.deepEqual(first.errors, [])
      const second = collect([{ kind: 'file', name: 'b', text: printConfig(first) }])
      assert.deepEqual(second.errors, [])
      assert.deepEqual(plainOf(second.tree), plainOf(first.tree))
    }),
    { numRuns: otherRuns },
  )
})

test('print: a key that would merge is quoted', () => {
  const text = '#cloud-config\n{"x-a": {"<<": false}}\n'
  const { tree } = collect([
    { kind: 'file', name: 'a', text: printConfig(collect([{ kind: 'file', name: 'b', text }])) },
  ])
  assert.deepEqual(plainOf(tree), { 'x-a': { '<<': false } })
})

test('explain: every value that is printed has a place in one of the sources', () => {
  fc.assert(
    fc.property(anything, anything, (a, b) => {
      const sources = [a, b].map((value, index) => {
        return { kind: 'file', name: `${index}`, text: `#cloud-config\n${JSON.stringify(value)}` } as const
      })
      const collected = collect(sources)
      for (const key of Object.keys(plainOf(collected.tree) as object)) {
        const [first] = explain(collected, [key])?.from ?? []
        assert.ok(first?.place.line)
      }
    }),
    { numRuns: otherRuns },
  )
})

/** Pieces of cloud-configs and of YAML, so that many a text gets past the first check. */
const words = fc.constantFrom(
  ...headers,
  ...knownKeys(CloudConfig, []),
  ...knownKeys(CloudConfig, ['install']),
  ...[
    '\n',
    '\n  ',
    '\n    ',
    ': ',
    ':',
    '- ',
    '\n- ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '"',
    "'",
    '|\n',
    '>-\n',
    '#',
    ' # ',
  ],
  ...[
    '&a ',
    '*a',
    '<<: ',
    '<<: *a',
    '!!str ',
    '!x ',
    '? ',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '\t',
    '\r\n',
    '\0',
    '\ufeff',
  ],
  ...[
    'true',
    'yes',
    'null',
    '~',
    '0644',
    '1_000',
    '2001-12-14',
    '!!binary ',
    '9007199254740993',
    '1e999',
    '.inf',
    '0x',
    '-1',
    '🏺',
    '\ud800',
    '__proto__',
    'constructor',
  ],
)
const text = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(words, { maxLength: 24 }).map((parts) => `#cloud-config\n${parts.join('')}`),
  },
  {
    weight: 1,
    arbitrary: fc.string({ unit: 'binary', maxLength: 40 }).map((part) => `#cloud-config\n${part}`),
  },
)

test(`parse: none of ${parserRuns} texts crashes the parser, and each verdict has its place`, () => {
  fc.assert(
    fc.property(text, (input) => {
      const result = parseCloudConfig(input, 'x.yaml')
      assert.notEqual(result.kind, 'no-header')
      if (result.kind !== 'invalid') return
      for (const { place } of result.findings) assert.equal(place?.file, 'x.yaml')
    }),
    { numRuns: parserRuns },
  )
})

test('collect, print and migrate: none of many texts crashes them, and migrating twice is migrating once', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      printConfig(collect([a, b].map((part, index) => ({ kind: 'file', name: `${index}`, text: part }))))
      const once = migrate(a)
      assert.equal(migrate(once.text).text, once.text)
    }),
    { numRuns: Math.floor(parserRuns / 50) },
  )
})

test('command line: no line crashes its reader', () => {
  const line = fc.array(
    fc.oneof(
      fc.constantFrom('kairos.config=', 'cos.setup=', 'config_url=', 'a.0.b', 'a[0]', '=', '"', ' ', '.'),
      fc.string(),
    ),
    { maxLength: 10 },
  )
  fc.assert(
    fc.property(line, (parts) => void collect([{ kind: 'command-line', text: parts.join('') }])),
    { numRuns: otherRuns },
  )
  assert.deepEqual(commandLineConfig('').text.value, {})
})

test('parse: a text that goes deep, and one that grows without end, are refused', () => {
  const deep = parseCloudConfig(`#cloud-config\nx-a: ${'['.repeat(20_000)}`, 'x.yaml')
  assert.equal(deep.kind, 'invalid')
  const levels = Array.from({ length: 12 }, (_, index) =>
    index === 0 ? 'x-0: &a0 [lol]' : `x-${index}: &a${index} [${`*a${index - 1},`.repeat(9)}]`,
  )
  assert.equal(parseCloudConfig(`#cloud-config\n${levels.join('\n')}`, 'x.yaml').kind, 'invalid')
})
