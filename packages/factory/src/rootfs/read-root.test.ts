import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { plant, temporaryFolder } from '../testkit/testkit.ts'
import { locateInRoot, readInRoot } from './read-root.ts'

describe('reading a file of a root', () => {
  const cases: readonly (readonly [what: string, path: string, content: string | undefined])[] = [
    ['a plain path', '/etc/file', 'inside'],
    ['a relative link', '/etc/relative', 'inside'],
    ['an absolute link, which starts at the root itself', '/etc/absolute', 'inside'],
    ['a link that climbs above the root', '/etc/climbing', 'inside'],
    ['a path that climbs above the root', '/../../etc/file', 'inside'],
    ['a link to a folder', '/alias/file', 'inside'],
    ['a link to a folder that climbs', '/outside/etc/file', 'inside'],
    ['a link out of the root', '/etc/escape', undefined],
    ['a broken link', '/etc/broken', undefined],
    ['a link to itself', '/etc/self', undefined],
    ['what is not there', '/etc/nothing', undefined],
    ['what lies below a file', '/etc/file/below', undefined],
    ['a folder', '/etc', undefined],
  ]
  for (const [what, path, content] of cases) {
    it(`follows ${what}${content === undefined ? ' to nothing' : ''}`, (t) => {
      const folder = temporaryFolder(t)
      const root = join(folder, 'root')
      plant(folder, { secret: 'outside', 'etc/file': 'outside' })
      plant(root, {
        'etc/file': 'inside',
        'etc/relative': { link: 'file' },
        'etc/absolute': { link: '/etc/file' },
        'etc/climbing': { link: '../../../../etc/file' },
        'etc/escape': { link: join(folder, 'secret') },
        'etc/broken': { link: 'nothing' },
        'etc/self': { link: 'self' },
        alias: { link: 'etc' },
        outside: { link: '..' },
      })
      assert.equal(readInRoot(root, path)?.toString(), content)
    })
  }

  it('names the place on the build machine, with all links followed', (t) => {
    const root = temporaryFolder(t)
    plant(root, { 'usr/lib/a.so.1.2': 'x', 'usr/lib/a.so': { link: 'a.so.1.2' }, lib: { link: 'usr/lib' } })
    assert.equal(locateInRoot(root, '/lib/a.so'), join(root, 'usr/lib/a.so.1.2'))
  })
})
