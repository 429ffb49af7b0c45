import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compareEntries, type Entry, parseEntries } from './compare.ts'

const file = (path: string, content = 'a', attributes = 'f 644 0:0'): Entry => ({ path, content, attributes })

describe('comparing two listings', () => {
  const cases: readonly [string, Entry[], Entry[], [string, string][]][] = [
    ['equal ones', [file('/a')], [file('/a')], []],
    ['another content', [file('/a')], [file('/a', 'b')], [['x: /a', 'content differs']]],
    ['another mode', [file('/a')], [file('/a', 'a', 'f 755 0:0')], [['x: /a', 'f 644 0:0 → f 755 0:0']]],
    [
      'both',
      [file('/a')],
      [file('/a', 'b', 'f 755 0:0')],
      [['x: /a', 'f 644 0:0 → f 755 0:0, content differs']],
    ],
    [
      'one more on each side, sorted by path',
      [file('/b'), file('/same')],
      [file('/same'), file('/a')],
      [
        ['x: /a', 'only in the second'],
        ['x: /b', 'only in the first'],
      ],
    ],
  ]
  for (const [name, first, second, expected] of cases) {
    it(`finds ${name}`, () => {
      const found = compareEntries(first, second, 'x').map(({ place, what }) => [place, what])
      assert.deepEqual(found, expected)
    })
  }

  it('finds nothing between a listing and itself, and as much one way as the other', () => {
    const entry = fc.record({
      path: fc.constantFrom('/a', '/b', '/c'),
      content: fc.string(),
      attributes: fc.string(),
    })
    const listing = fc.uniqueArray(entry, { selector: ({ path }) => path })
    fc.assert(
      fc.property(listing, listing, (a, b) => {
        assert.deepEqual(compareEntries(a, a, 'x'), [])
        const [there, back] = [compareEntries(a, b, 'x'), compareEntries(b, a, 'x')]
        assert.deepEqual(
          there.map(({ place }) => place),
          back.map(({ place }) => place),
        )
      }),
    )
  })
})

describe('the listing of an unpacked image', () => {
  it('joins attributes and hashes, whatever is in a path', () => {
    const hash = '0123456789abcdef'.repeat(4)
    const attributes = 'd 755 0:0 \0/etc\0f 644 0:0 \0/etc/a b\nc\0l 777 0:0 a b\0/etc/link\0'
    assert.deepEqual(parseEntries(attributes, `${hash}  ./etc/a b\nc\0`), [
      { path: '/etc', attributes: 'd 755 0:0', content: '' },
      { path: '/etc/a b\nc', attributes: 'f 644 0:0', content: hash },
      { path: '/etc/link', attributes: 'l 777 0:0 a b', content: '' },
    ])
  })
})
