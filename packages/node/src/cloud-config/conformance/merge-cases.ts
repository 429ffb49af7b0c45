/** Merging two values (reference: the collector's tests of the field). Error: the words of it. */
export interface MergeCase {
  readonly id: string
  readonly earlier: unknown
  readonly later: unknown
  readonly keys?: Readonly<Record<string, string>>
  readonly expected?: unknown
  readonly error?: string
}

export const mergeCases: readonly MergeCase[] = [
  {
    id: 'M1',
    earlier: { name: 'Mario' },
    later: { surname: 'Bros' },
    expected: { name: 'Mario', surname: 'Bros' },
  },
  {
    id: 'M2',
    earlier: { info: { name: 'Mario' } },
    later: { info: { surname: 'Bros' } },
    expected: { info: { name: 'Mario', surname: 'Bros' } },
  },
  { id: 'M3', earlier: { name: 'Mario' }, later: { name: 'Luigi' }, expected: { name: 'Luigi' } },
  {
    id: 'M4 null takes back',
    earlier: { list: [1, 2], name: 'Mario' },
    later: { list: null, name: null },
    expected: { list: [], name: '' },
  },
  {
    id: 'M5 a map and a list: the field fails as a whole, here it is told with both places',
    earlier: { a: {} },
    later: { a: [] },
    error: 'a is a list here and a map at a value',
  },
  {
    id: 'M5 the other way round',
    earlier: { a: [] },
    later: { a: {} },
    error: 'a is a map here and a list at a value',
  },
  {
    id: 'M5 a single value and a list',
    earlier: { a: 'x' },
    later: { a: [] },
    error: 'a is a list here and a single value',
  },
  { id: 'M6', earlier: ['one', 'three'], later: ['two', 4], expected: ['one', 'three', 'two', 4] },
  {
    id: 'M6 what is there is not added',
    earlier: ['one', 'two'],
    later: ['two', 4],
    expected: ['one', 'two', 4],
  },
  { id: 'M6 a number is not its text', earlier: ['4'], later: [4], expected: ['4', 4] },
  { id: 'M7', earlier: [], later: ['two', 4], expected: ['two', 4] },
  {
    id: 'M8',
    earlier: { users: [{ name: 'a' }] },
    later: { users: [{ name: 'a', passwd: 'x' }] },
    expected: { users: [{ name: 'a' }, { name: 'a', passwd: 'x' }] },
  },
  {
    id: 'M8 opt-in: by a key',
    earlier: { users: [{ name: 'a', groups: ['x'] }, { name: 'b' }] },
    later: { users: [{ name: 'c' }, { name: 'a', groups: ['y'] }] },
    keys: { users: 'name' },
    expected: { users: [{ name: 'a', groups: ['x', 'y'] }, { name: 'b' }, { name: 'c' }] },
  },
  {
    id: 'M8 opt-in: further in, and maps without the key stay apart',
    earlier: { stages: { boot: [{ name: 'a', commands: ['1'] }, { commands: ['0'] }] } },
    later: { stages: { boot: [{ commands: ['3'] }, { name: 'a', commands: ['2'] }] } },
    keys: { 'stages.boot': 'name' },
    expected: {
      stages: { boot: [{ name: 'a', commands: ['1', '2'] }, { commands: ['0'] }, { commands: ['3'] }] },
    },
  },
  {
    id: 'M9',
    earlier: { es: 'uno', nl: 'een', '#': 0 },
    later: { en: 'one', nl: 'één', de: 'eins', '#': 1 },
    expected: { es: 'uno', nl: 'één', '#': 1, en: 'one', de: 'eins' },
  },
  {
    id: 'M10',
    earlier: { text: 'x', list: ['x'], map: { x: 1 } },
    later: { text: null, list: null, map: null },
    expected: { text: '', list: [], map: {} },
  },
  {
    id: 'M10 numbers and flags',
    earlier: { n: 1, b: true },
    later: { n: null, b: null },
    expected: { n: 0, b: false },
  },
  {
    id: 'M10 null before a value says nothing',
    earlier: { a: null },
    later: { a: [1] },
    expected: { a: [1] },
  },
  {
    id: '__proto__ is a key like any other',
    earlier: {},
    later: JSON.parse('{"__proto__":{"x":1}}'),
    expected: JSON.parse('{"__proto__":{"x":1}}'),
  },
]
