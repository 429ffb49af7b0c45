import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Entry, entryFormat, layerList, parseEntries } from './layer-list.ts'

/** `d etc`, `f etc/a`: a tree in short. */
const tree = (...lines: string[]): Entry[] =>
  lines.map((line) => ({ kind: line.slice(0, 1), path: line.slice(2), inode: '', size: 0 }))

const cases: readonly (readonly [
  name: string,
  trees: readonly [layer: Entry[], below: Entry[], merged: Entry[]],
  members: readonly string[],
  whiteouts: readonly string[],
])[] = [
  [
    'the lowest layer is all of its folder, parents first',
    [tree('f etc-x', 'd etc', 'f etc/a'), [], tree('f etc-x', 'd etc', 'f etc/a')],
    ['etc', 'etc-x', 'etc/a'],
    [],
  ],
  [
    'a file that overlayfs marked as gone',
    [tree('d etc', 'c etc/gone'), tree('d etc', 'f etc/gone', 'f etc/kept'), tree('d etc', 'f etc/kept')],
    ['etc'],
    ['etc/.wh.gone'],
  ],
  [
    'a folder that is gone: one mark, none for what was in it',
    [tree('c opt'), tree('d opt', 'd opt/a', 'f opt/a/b'), tree()],
    [],
    ['.wh.opt'],
  ],
  [
    'a folder made anew: what was in the old one is taken away by name',
    [
      tree('d srv', 'f srv/new', 'd srv/both'),
      tree('d srv', 'f srv/old', 'd srv/both', 'f srv/both/x'),
      tree('d srv', 'f srv/new', 'd srv/both'),
    ],
    ['srv', 'srv/both', 'srv/new'],
    ['srv/.wh.old', 'srv/both/.wh.x'],
  ],
  [
    'a folder that became a file or a link needs no marks',
    [tree('f a', 'l b'), tree('d a', 'f a/x', 'd b', 'f b/x'), tree('f a', 'l b')],
    ['a', 'b'],
    [],
  ],
  [
    'a mark of overlayfs for what never was below',
    [tree('d etc', 'c etc/never'), tree('d etc'), tree('d etc')],
    ['etc'],
    [],
  ],
  [
    'a real device stays, one of /dev does not',
    [
      tree('c srv-null', 'd dev', 'c dev/null', 'd run', 'f run/x'),
      [],
      tree('c srv-null', 'd dev', 'c dev/null', 'd run', 'f run/x'),
    ],
    ['dev', 'run', 'srv-null'],
    [],
  ],
  [
    'what is gone from /run or /tmp is not worth a mark',
    [tree('d tmp'), tree('d tmp', 'f tmp/x', 'd run', 'f run/y'), tree('d tmp', 'd run')],
    ['tmp'],
    [],
  ],
  ['sockets cannot be packed', [tree('s a'), [], tree('s a')], [], []],
]

describe('what a layer holds', () => {
  for (const [name, [layer, below, merged], members, whiteouts] of cases) {
    test(name, () => assert.deepEqual(layerList(layer, below, merged), { members, whiteouts }))
  }
})

test('entries are read as find prints them, whatever is in their names', () => {
  assert.equal(entryFormat, '%y %i %s %P\\0')
  assert.deepEqual(parseEntries('d 1 0 \0d 2 0 etc\0f 3 7  etc/a\nb\0l 4 1 \xff\0'), [
    { kind: 'd', inode: '2', size: 0, path: 'etc' },
    { kind: 'f', inode: '3', size: 7, path: ' etc/a\nb' },
    { kind: 'l', inode: '4', size: 1, path: '\xff' },
  ])
})
