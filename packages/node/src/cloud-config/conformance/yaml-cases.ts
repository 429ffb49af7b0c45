/**
 * YAML as the field's parser reads it, Go's yaml.v3 and where Kiln differs.
 * @see https://github.com/go-yaml/yaml/blob/v3/resolve.go
 */
export interface YamlCase {
  readonly id: string
  readonly text: string
  readonly value?: unknown
  /** Words of the error. */
  readonly error?: string
}

const written: readonly (readonly [text: string, value: unknown])[] = [
  // Whole numbers
  ['12', 12],
  ['-12', -12],
  ['+12', 12],
  ['0644', 0o644],
  ['-0644', -0o644],
  ['0o644', 0o644],
  ['007', 7],
  ['0x1F', 31],
  ['0X1f', 31],
  ['0b101', 5],
  ['-0b101', -5],
  ['1_000', 1000],
  ['1__0', 10],
  ['0x_1F', 31],
  ['_1', '_1'],
  ['0x', '0x'],
  ['1a', '1a'],
  // Eight and nine are no octal digits, so that this is a fraction without a fraction.
  ['0819', 819],
  ['190:20:30', '190:20:30'],
  ['+', '+'],
  // Fractions
  ['0.1', 0.1],
  ['.1', 0.1],
  ['-.1', -0.1],
  ['+.1', 0.1],
  ['1.', 1],
  ['685.230_15e+03', 685230.15],
  ['1e3', 1000],
  ['1e999', '1e999'],
  ['.', '.'],
  ['1.2.3', '1.2.3'],
  ['v1.2', 'v1.2'],
  // Words
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['tRUE', 'tRUE'],
  ['false', false],
  ['yes', 'yes'],
  ['No', 'No'],
  ['on', 'on'],
  ['OFF', 'OFF'],
  ['y', 'y'],
  ['n', 'n'],
  ['null', null],
  ['Null', null],
  ['~', null],
  ['', null],
  ['nil', 'nil'],
  ['=', '='],
  // Texts
  ['"0644"', '0644'],
  ["'true'", 'true'],
  ['"\\u00e9\\x41\\t"', 'éA\t'],
  ["'it''s'", "it's"],
  ['a:b', 'a:b'],
  ['a#b', 'a#b'],
  ['a # b', 'a'],
  ['http://a/b?c=d#e', 'http://a/b?c=d#e'],
  // Tags
  ['!!str 12', '12'],
  ['!!str true', 'true'],
  ['!!int "12"', 12],
  ['!!float 1', 1],
  ['!!bool "true"', true],
  ['!!null ""', null],
  ['!!binary aMOpbGxvCg==', 'héllo\n'],
  ['!!binary ""', ''],
  ['! 12', '12'],
]

const corrected: readonly (readonly [text: string, value: unknown])[] = [
  ['2001-12-14', '2001-12-14'],
  ['2001-12-14t21:59:43.10-05:00', '2001-12-14t21:59:43.10-05:00'],
  ['!!timestamp 2001-12-14', '2001-12-14'],
  ['9007199254740993', '9007199254740993'],
  ['-18446744073709551615', '-18446744073709551615'],
]

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
/** Lines of which each stands for the one before, some times over. */
const chain = (length: number, times: number) =>
  Array.from({ length }, (_, n) =>
    n === 0
      ? 'a0: &a0 [x]'
      : `a${n}: &a${n} [${Array.from({ length: times }, () => `*a${n - 1}`).join(', ')}]`,
  ).join('\n')

export const yamlCases: readonly YamlCase[] = [
  ...written.map(([text, value]) => ({ id: text, text: `v: ${text}`, value: { v: value } })),
  ...corrected.map(([text, value]) => ({
    id: `corrected: ${text} stays as it is written`,
    text: `v: ${text}`,
    value: { v: value },
  })),
  { id: 'nothing', text: '', value: {} },
  { id: 'a document with its marks', text: '---\na: 1\n...\n', value: { a: 1 } },
  { id: 'JSON', text: '{"a": [1, "b", null], "c": {"d": 0.5}}', value: { a: [1, 'b', null], c: { d: 0.5 } } },
  { id: 'keys are texts', text: '1: a\ntrue: b\n"": c', value: { '1': 'a', true: 'b', '': 'c' } },
  { id: '__proto__ is a key', text: '__proto__: 1', value: JSON.parse('{"__proto__": 1}') },
  {
    id: 'the items of a list need no indentation',
    text: 'a:\n- b\n- c: 1\n  d: 2',
    value: { a: ['b', { c: 1, d: 2 }] },
  },
  { id: 'a text over lines', text: 'a: b\n  c\n\n  d', value: { a: 'b c\nd' } },
  { id: 'as it stands', text: 'a: |\n  b\n   c\n\n', value: { a: 'b\n c\n' } },
  { id: 'as it stands, without its last line break', text: 'a: |-\n  b\n', value: { a: 'b' } },
  { id: 'as it stands, with all line breaks', text: 'a: |+\n  b\n\n', value: { a: 'b\n\n' } },
  { id: 'as it stands, with its own indentation', text: 'a: |2\n    b\n', value: { a: '  b\n' } },
  { id: 'folded', text: 'a: >\n  b\n  c\n\n  d\n', value: { a: 'b c\nd\n' } },
  { id: 'line breaks of Windows', text: 'a: |\r\n  b\r\nc: d\r\n', value: { a: 'b\n', c: 'd' } },
  { id: 'anchors', text: 'a: &x [1]\nb: *x', value: { a: [1], b: [1] } },
  {
    id: 'an anchor that is set anew',
    text: 'a: &x 1\nb: *x\nc: &x 2\nd: *x',
    value: { a: 1, b: 1, c: 2, d: 2 },
  },
  {
    id: '<< does not change what is there, wherever it stands',
    text: 'a: &x {p: 1, q: 2}\nb: {q: 3, <<: *x}\nc: {<<: *x, q: 3}',
    value: { a: { p: 1, q: 2 }, b: { q: 3, p: 1 }, c: { p: 1, q: 3 } },
  },
  {
    id: '<< of several: the first counts',
    text: 'a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}',
    value: { a: { p: 1 }, b: { p: 2, q: 2 }, c: { p: 1, q: 2 } },
  },
  { id: '<< of a map that stands there', text: 'a: {<<: {p: 1}, q: 2}', value: { a: { p: 1, q: 2 } } },
  { id: '"<<" is a key', text: 'a: {"<<": {p: 1}}', value: { a: { '<<': { p: 1 } } } },
  { id: '<< of what is no map', text: '<<: 1', error: '<< takes a map' },
  { id: 'a key twice', text: 'a: 1\na: 2', error: 'the key stands here for the second time' },
  { id: 'a key that is a map', text: '? {a: 1}\n: b', error: 'a key has to be a text' },
  { id: 'no anchor', text: 'a: *x', error: 'there is no anchor &x' },
  { id: 'within itself', text: 'a: &x [*x]', error: 'an alias stands inside of what it stands for' },
  {
    id: 'a tag that is none',
    text: 'a: !x 1\nb: !y {c: !!z d}\ne: !<f> [1]',
    value: { a: '1', b: { c: 'd' }, e: [1] },
  },
  { id: 'a tag that is not so', text: 'a: !!int x', error: 'this is no !!int' },
  { id: 'a tab', text: 'a:\n\tb: 1', error: 'a tab cannot indent' },
  {
    id: 'corrected: binary that is no text',
    text: 'a: !!binary /w==',
    error: '!!binary has to be base64 of a text',
  },
  {
    id: 'corrected: a second document is told, not passed over',
    text: 'a: 1\n---\nb: 1',
    error: 'there is more than one document',
  },
  { id: 'as deep as it may be', text: `a: ${nested(99)}`, value: { a: JSON.parse(nested(99)) as unknown } },
  { id: 'too deep', text: `a: ${nested(100)}`, error: 'nested too deeply' },
  { id: 'far too deep', text: `a: ${'{b: ['.repeat(50_000)}`, error: 'nested too deeply' },
  { id: 'too deep by way of aliases', text: chain(5000, 1), error: 'nested too deeply' },
  { id: 'too much by way of aliases', text: chain(20, 8), error: 'its aliases stand for more than' },
]
