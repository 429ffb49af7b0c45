import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { type Planted, plant, temporaryFolder } from '../testkit/testkit.ts'
import { findNode, namesIn, parseTree, resolvePath, type Tree, type TreeNode, treeFormat } from './tree.ts'

const node = (kind: TreeNode['kind'], target = ''): TreeNode => ({
  kind,
  mode: 0o755,
  uid: 0,
  gid: 0,
  size: 0,
  target,
})

const tree: Tree = new Map([
  ['/', node('d')],
  ['/bin', node('l', 'usr/bin')],
  ['/usr', node('d')],
  ['/usr/bin', node('d')],
  ['/usr/bin/tool', node('f')],
  ['/usr/bin/alias', node('l', 'tool')],
  ['/usr/bin/far', node('l', '/etc/alternatives/tool')],
  ['/usr/bin/up', node('l', '../../../../../etc/file')],
  ['/usr/bin/dots', node('l', './../bin/./tool')],
  ['/usr/bin/broken', node('l', 'nothing')],
  ['/usr/bin/self', node('l', 'self')],
  ['/usr/bin/ping', node('l', 'pong')],
  ['/usr/bin/pong', node('l', '/usr/bin/ping')],
  ['/usr/bin/root', node('l', '/')],
  ['/etc', node('d')],
  ['/etc/file', node('f')],
  ['/etc/alternatives', node('d')],
  ['/etc/alternatives/tool', node('l', '/usr/bin/tool')],
])

describe('resolving a path in a tree', () => {
  const cases: readonly (readonly [what: string, path: string, expected: string | undefined])[] = [
    ['a plain path', '/usr/bin/tool', '/usr/bin/tool'],
    ['the root', '/', '/'],
    ['a path with blind parts', '//usr/./bin//tool', '/usr/bin/tool'],
    ['a path without a leading slash', 'usr/bin/tool', '/usr/bin/tool'],
    ['a path that goes up', '/usr/bin/../bin/tool', '/usr/bin/tool'],
    ['a path that goes up above the root', '/../../etc/file', '/etc/file'],
    ['a relative link', '/usr/bin/alias', '/usr/bin/tool'],
    ['an absolute link over another', '/usr/bin/far', '/usr/bin/tool'],
    ['a link in the middle', '/bin/tool', '/usr/bin/tool'],
    ['a link behind a link in the middle', '/bin/alias', '/usr/bin/tool'],
    ['a link that climbs above the root', '/usr/bin/up', '/etc/file'],
    ['a link with blind parts', '/usr/bin/dots', '/usr/bin/tool'],
    ['a link to the root', '/usr/bin/root/etc/file', '/etc/file'],
    ['a broken link', '/usr/bin/broken', undefined],
    ['a link to itself', '/usr/bin/self', undefined],
    ['two links to each other', '/usr/bin/ping', undefined],
    ['what is not there', '/usr/lib', undefined],
    ['what lies below a file', '/etc/file/x', undefined],
  ]
  for (const [what, path, expected] of cases) {
    it(`follows ${what}`, () => {
      assert.equal(resolvePath(tree, path), expected)
      assert.equal(findNode(tree, path), expected === undefined ? undefined : tree.get(expected))
    })
  }

  it('follows as many links as Linux does, and no more', () => {
    const chain = (length: number) => {
      const links = Array.from({ length }, (_, index): [string, TreeNode] => [
        `/${index}`,
        node('l', `${index + 1}`),
      ])
      return new Map([...links, [`/${length}`, node('f')] as const])
    }
    assert.equal(resolvePath(chain(40), '/0'), '/40')
    assert.equal(resolvePath(chain(41), '/0'), undefined)
  })
})

describe('the names in a folder', () => {
  const cases: readonly (readonly [folder: string, names: readonly string[]])[] = [
    ['/etc', ['file', 'alternatives']],
    ['/usr', ['bin']],
    ['/etc/alternatives', ['tool']],
    ['/nowhere', []],
    ['/us', []],
  ]
  for (const [folder, names] of cases)
    it(`of ${folder}`, () => assert.deepEqual(namesIn(tree, folder), names))

  it('are found through a link to it', () =>
    assert.deepEqual(namesIn(tree, '/bin'), namesIn(tree, '/usr/bin')))
})

describe('the listing of a root', () => {
  it('is what find prints: kinds, modes, owners, sizes, targets', (t) => {
    const folder = temporaryFolder(t)
    const files: Record<string, Planted> = {
      'etc/motd': 'hello',
      'etc/a b\nc': '',
      bin: { link: 'usr/bin' },
      'usr/bin/tool': { program: '#!' },
    }
    plant(folder, files)
    assert.equal(spawnSync('mkfifo', ['-m', '600', `${folder}/pipe`]).status, 0)
    const { stdout } = spawnSync('find', ['.', '-xdev', '-printf', treeFormat], {
      cwd: folder,
      encoding: 'utf8',
    })
    const found = parseTree(stdout)
    assert.deepEqual(
      [...found.keys()].toSorted(),
      [
        '/',
        '/bin',
        '/etc',
        '/etc/a b\nc',
        '/etc/motd',
        '/pipe',
        '/usr',
        '/usr/bin',
        '/usr/bin/tool',
      ].toSorted(),
    )
    const motd = found.get('/etc/motd')
    assert.deepEqual([motd?.kind, motd?.size, motd?.uid, motd?.target], ['f', 5, process.getuid?.(), ''])
    assert.deepEqual([found.get('/bin')?.kind, found.get('/bin')?.target], ['l', 'usr/bin'])
    assert.deepEqual([found.get('/usr/bin/tool')?.mode, found.get('/usr/bin')?.kind], [0o755, 'd'])
    assert.deepEqual([found.get('/pipe')?.kind, found.get('/pipe')?.mode], ['p', 0o600])
    assert.equal(resolvePath(found, '/bin/tool'), '/usr/bin/tool')
  })

  it('keeps special modes', () => {
    const entries = [
      ['f', 4755, 0, 0, 10, 'usr/bin/su', ''],
      ['d', 1777, 0, 0, 0, 'tmp', ''],
      ['f', 640, 0, 42, 7, 'etc/shadow', ''],
    ]
    const found = parseTree(`${entries.flat().join('\0')}\0`)
    assert.deepEqual(
      [...found].map(([path, { mode, gid }]) => [path, mode, gid]),
      [
        ['/usr/bin/su', 0o4755, 0],
        ['/tmp', 0o1777, 0],
        ['/etc/shadow', 0o640, 42],
      ],
    )
  })

  it('of nothing is empty', () => assert.equal(parseTree('').size, 0))
})
