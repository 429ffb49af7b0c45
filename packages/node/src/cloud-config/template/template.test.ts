import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { refused, rendered, templateData, templateHost } from '../conformance/template-cases.ts'
import { renderTemplate, TemplateError } from './index.ts'

const render = (text: string) => renderTemplate(text, templateData, templateHost)

for (const [template, expected] of rendered) {
  test(`template: ${JSON.stringify(template)}`, () => assert.equal(render(template), expected))
}

for (const [template, expected] of refused) {
  test(`template: ${JSON.stringify(template)} is refused`, () => {
    assert.throws(
      () => render(template),
      (error) => {
        assert.ok(error instanceof TemplateError)
        assert.equal(`${error.place?.line}:${error.place?.column} ${error.message}`, expected)
        return true
      },
    )
  })
}

/** Pieces of templates in any order: much that nearly is one, and some that are. */
const piece = fc.constantFrom(
  ...[
    '{{',
    '}}',
    '{{-',
    '-}}',
    '(',
    ')',
    '|',
    ':=',
    '=',
    ',',
    '.',
    '.Values',
    '.Values.os.name',
    '$',
    '$x',
    '"',
    '`',
    "'",
  ],
  ...[
    'if',
    'else',
    'end',
    'range',
    'with',
    'define',
    'template',
    'block',
    'break',
    'continue',
    'nil',
    'true',
    '/*',
    '*/',
  ],
  ...[
    ' ',
    '\n',
    '\\',
    '%d',
    '12',
    '-3',
    '0x',
    '1e9',
    'x',
    'printf',
    'index',
    'dict',
    'list',
    'until',
    'regexFind',
    '"a"',
  ],
  ...[
    'constructor',
    '__proto__',
    '.Values.__proto__',
    'merge',
    'trunc',
    'date',
    'fromYaml',
    'ä',
    '\u{1f9f1}',
  ],
)
const nearly = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(' '))
const runs = Number(process.env.KILN_FUZZ_RUNS ?? 20_000)

test('template: no input crashes it; an error has its place', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        nearly,
        nearly.map((text) => `{{ ${text} }}`),
        fc.string(),
        fc.string({ unit: 'binary' }),
      ),
      (text) => {
        try {
          assert.equal(typeof render(text), 'string')
        } catch (error) {
          assert.ok(error instanceof TemplateError, String(error))
          const lines = text.split('\n')
          assert.ok(error.place && error.place.line <= lines.length && error.place.column >= 1)
        }
      },
    ),
    { numRuns: runs },
  )
})

test('template: a text without braces is itself', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!text.includes('{{'))
      assert.equal(render(text), text)
    }),
  )
})

test('template: any text can be quoted into one, and comes out again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const literal = JSON.stringify(text).replaceAll('\u007f', '\\x7f')
      assert.equal(render(`{{ ${literal} }}`), text)
    }),
  )
})

test('template: nesting without end is refused, not a crash', () => {
  for (const text of [
    `{{ ${'('.repeat(50_000)}.Values${')'.repeat(50_000)} }}`,
    `${'{{ if .Values }}'.repeat(50_000)}${'{{ end }}'.repeat(50_000)}`,
    `{{ if .Values }}${'{{ else if .Values }}'.repeat(50_000)}{{ end }}`,
  ]) {
    assert.throws(() => render(text), /nested more than 64 deep/)
  }
})
