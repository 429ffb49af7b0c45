import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Definition, definitionJsonSchema } from './definition.ts'
import { parseOrThrow, pathName, readDocument } from './document.ts'
import { type Finding, formatPlace, isKilnError } from './error.ts'

const valid = `name: sample
version: v1.2.3
images:
  - flavor: debian
    release: "13"
`

function findings(text: string): readonly Finding[] {
  const result = readDocument(Definition, text, 'kiln.yaml')
  return 'findings' in result ? result.findings : []
}

/** `CODE file:line:column message (hint)` */
function brief(text: string): string[] {
  return findings(text).map(
    ({ code, place, message, hint }) =>
      `${code} ${place ? formatPlace(place) : '-'} ${message}${hint ? ` (${hint})` : ''}`,
  )
}

const inImage = (line: string) => `${valid}    ${line}\n`

const cases: readonly { readonly name: string; readonly text: string; readonly expected: string[] }[] = [
  { name: 'a valid definition', text: valid, expected: [] },
  {
    name: 'an unknown key',
    text: valid.replace('flavor', 'flavour'),
    expected: [
      'E-CONFIG-MISSING-KEY kiln.yaml:4:5 images[0].flavor is missing',
      'E-CONFIG-UNKNOWN-KEY kiln.yaml:4:5 unknown key "flavour" in images[0] (did you mean "flavor"?)',
    ],
  },
  {
    name: 'an unknown key that is like no other',
    text: inImage('kernel: {flags: x, package: linux-image-amd64}'),
    expected: [
      'E-CONFIG-UNKNOWN-KEY kiln.yaml:6:14 unknown key "flags" in images[0].kernel (known here: package)',
    ],
  },
  {
    name: 'a number where text must be, shown as it is written',
    text: valid.replace('"13"', '24.10'),
    expected: [
      'E-CONFIG-WRONG-TYPE kiln.yaml:5:14 images[0].release must be text, not a number (put it in quotes: "24.10")',
    ],
  },
  {
    name: 'a list where a map must be',
    text: inImage('packages: [htop]'),
    expected: ['E-CONFIG-WRONG-TYPE kiln.yaml:6:15 images[0].packages must be a map, not a list'],
  },
  {
    name: 'a key without a value',
    text: inImage('overlay:'),
    expected: ['E-CONFIG-WRONG-TYPE kiln.yaml:6:13 images[0].overlay must be text, not nothing'],
  },
  {
    name: 'a choice that there is not',
    text: inImage('arch: amd46'),
    expected: [
      'E-CONFIG-BAD-VALUE kiln.yaml:6:11 images[0].arch is "amd46"; allowed: amd64, arm64, riscv64 (did you mean "amd64"?)',
    ],
  },
  {
    name: 'a bad value, in a list in a map',
    text: inImage('packages: {add: [good, "bad name"]}'),
    expected: [
      'E-CONFIG-BAD-VALUE kiln.yaml:6:28 images[0].packages.add[1] is not a package name: lower-case letters, digits, + - . only, and no - or . at its end',
    ],
  },
  {
    name: 'a package name that apt would read as a wish to remove',
    text: inImage('packages: {add: [vim-, g++, memtest86+], remove: [nano-]}'),
    expected: [
      'E-CONFIG-BAD-VALUE kiln.yaml:6:22 images[0].packages.add[0] is not a package name: lower-case letters, digits, + - . only, and no - or . at its end',
      'E-CONFIG-BAD-VALUE kiln.yaml:6:55 images[0].packages.remove[0] is not a package name: lower-case letters, digits, + - . only, and no - or . at its end',
    ],
  },
  {
    name: 'a version without v',
    text: valid.replace('v1.2.3', '1.2.3'),
    expected: [
      'E-CONFIG-BAD-VALUE kiln.yaml:2:10 version must be a semantic version with a leading v: v1.2.3',
    ],
  },
  {
    name: 'a wrong type behind an alias',
    text: `${valid}artifacts: &list [1]\n`,
    expected: [
      'E-CONFIG-BAD-VALUE kiln.yaml:6:19 artifacts[0] is a number; allowed: iso, oci, docker, raw, raw-efi, raw-bios, img, img-oci, qcow2, vhd, gce, aws, vmdk, ova, maas, spdx, cyclonedx, provenance',
    ],
  },
  {
    name: 'nothing at all',
    text: '',
    expected: ['name', 'version', 'images'].map(
      (key) => `E-CONFIG-MISSING-KEY kiln.yaml:1:1 ${key} is missing`,
    ),
  },
  {
    name: 'a list at the top',
    text: '- a\n',
    expected: ['E-CONFIG-WRONG-TYPE kiln.yaml:1:1 the document must be a map, not a list'],
  },
  {
    name: 'no images',
    text: 'name: a\nversion: v1.0.0\nimages: []\n',
    expected: ['E-CONFIG-BAD-VALUE kiln.yaml:3:9 images must name at least one image'],
  },
  {
    name: 'a key twice',
    text: `${valid}name: again\n`,
    expected: ['E-CONFIG-SYNTAX kiln.yaml:6:1 the key stands here for the second time'],
  },
  {
    name: 'a quote that is not closed',
    text: 'name: "a\n',
    expected: ['E-CONFIG-SYNTAX kiln.yaml:1:7 the quote that begins here is not closed'],
  },
  {
    name: 'an alias that leads nowhere',
    text: 'name: *gone\n',
    expected: [
      'E-CONFIG-SYNTAX kiln.yaml:1:7 there is no anchor &gone (a text that begins with * needs quotes)',
    ],
  },
  {
    name: 'a tag that YAML does not have',
    text: 'name: !secret a\n',
    expected: [
      'E-CONFIG-SYNTAX kiln.yaml:1:7 the tag !secret is not known (a text that begins with ! needs quotes)',
    ],
  },
  {
    name: 'an alias within its anchor',
    text: 'name: &a {x: *a}\n',
    expected: ['E-CONFIG-SYNTAX kiln.yaml:1:1 an alias stands inside of what it stands for'],
  },
]

for (const { name, text, expected } of cases) {
  test(`kiln.yaml: ${name}`, () => assert.deepEqual(brief(text), expected))
}

test('a place ends behind the text it is about', () => {
  const [finding] = findings(valid.replace('v1.2.3', '1.2.3'))
  assert.deepEqual(finding?.place, { file: 'kiln.yaml', line: 2, column: 10, end: { line: 2, column: 15 } })
})

test('the place of a value that is not there is that of its nearest ancestor', () => {
  const { placeOf } = parseOrThrow(Definition, valid, 'kiln.yaml')
  assert.equal(formatPlace(placeOf(['images', 0, 'release'])), 'kiln.yaml:5:14')
  assert.equal(formatPlace(placeOf(['images', 0, 'overlay'])), 'kiln.yaml:4:5')
})

test('parseOrThrow throws one error with every finding', () => {
  assert.throws(
    () => parseOrThrow(Definition, '{}', 'kiln.yaml'),
    (error) => isKilnError(error) && error.exitCode === 3 && error.findings.length === 3,
  )
})

test('whatever the text, there is an answer, and places lie inside it', () => {
  const pieces = fc.constantFrom(
    'name: ',
    'images:\n',
    '  - ',
    'flavor: x\n',
    '*a',
    '&a ',
    '"',
    '\n',
    '? ',
    '[',
    '{',
    '\t',
    ': ',
    '!!x ',
    '<<: ',
    'é',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 4 })), { maxLength: 12 }), (parts) => {
      const text = parts.join('')
      const lines = text.split('\n')
      for (const { place } of findings(text)) {
        assert.ok(place?.line !== undefined && place.line >= 1 && place.line <= lines.length + 1)
        assert.ok(place.column !== undefined && place.column >= 1)
      }
    }),
  )
})

test('the JSON Schema is closed and knows every key', () => {
  const schema = definitionJsonSchema()
  assert.equal(schema.additionalProperties, false)
  assert.deepEqual(schema.required, ['name', 'version', 'images'])
})

test('pathName', () => {
  assert.equal(pathName(['images', 0, 'packages', 'add', 2]), 'images[0].packages.add[2]')
  assert.equal(pathName([]), 'the document')
})
