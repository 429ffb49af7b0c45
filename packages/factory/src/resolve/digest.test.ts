import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Planted, plant, temporaryFolder, underUmask } from '../testkit/testkit.ts'
import { fileDigest, hashRange, listTree, prefixedFileDigest, treeDigest } from './digest.ts'

const sample: Readonly<Record<string, Planted>> = {
  'etc/motd': 'hello',
  'etc/issue': '',
  'usr/bin/tool': { program: '#!/bin/sh' },
  'usr/lib/link': { link: '../bin/tool' },
  empty: 'folder/',
}

/** No piece of it is like another, so that pieces in the wrong order are noticed. */
function unlikeEverywhere(length: number): Buffer {
  const content = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) content.writeUInt32LE(at, at)
  return content
}

describe('the digest of a file', () => {
  it('is its sha256', async (t) => {
    const file = join(temporaryFolder(t), 'file')
    writeFileSync(file, 'abc')
    const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    assert.equal(await fileDigest(file), expected)
    assert.equal(await prefixedFileDigest(file), `sha256:${expected}`)
  })

  it('takes files of several blocks whole', async (t) => {
    const file = join(temporaryFolder(t), 'file')
    const content = unlikeEverywhere((3 << 20) + 17)
    writeFileSync(file, content)
    assert.equal(await fileDigest(file), createHash('sha256').update(content).digest('hex'))
  })

  it('can be taken in parts', async (t) => {
    const file = join(temporaryFolder(t), 'file')
    const content = unlikeEverywhere((2 << 20) + 17)
    writeFileSync(file, content)
    const hash = createHash('sha256')
    const middle = (1 << 20) + 5
    await hashRange(hash, file, { end: middle })
    await hashRange(hash, file, { start: middle })
    assert.equal(hash.digest('hex'), createHash('sha256').update(content).digest('hex'))
  })
})

describe('the listing of a tree', () => {
  it('has parents first, in the order of names', async (t) => {
    const folder = temporaryFolder(t)
    plant(folder, sample)
    const entries = await listTree(folder)
    assert.deepEqual(
      entries.map(({ path, kind, executable }) => `${kind}${executable ? '*' : ''} ${path}`),
      [
        'folder empty',
        'folder etc',
        'file etc/issue',
        'file etc/motd',
        'folder usr',
        'folder usr/bin',
        'file* usr/bin/tool',
        'folder usr/lib',
        'link usr/lib/link',
      ],
    )
  })

  it('does not go through links to folders', async (t) => {
    const folder = temporaryFolder(t)
    plant(folder, { 'real/file': 'x', alias: { link: 'real' } })
    assert.deepEqual(
      (await listTree(folder)).map(({ path }) => path),
      ['alias', 'real', 'real/file'],
    )
  })
})

describe('the digest of a tree', () => {
  const changes: readonly (readonly [what: string, change: (folder: string) => void])[] = [
    ['the content of a file', (folder) => writeFileSync(join(folder, 'etc/motd'), 'hellO')],
    ['an empty file that gets content', (folder) => writeFileSync(join(folder, 'etc/issue'), 'x')],
    ['an executable bit that is set', (folder) => chmodSync(join(folder, 'etc/motd'), 0o755)],
    ['an executable bit that is taken', (folder) => chmodSync(join(folder, 'usr/bin/tool'), 0o644)],
    ['the name of a file', (folder) => renameSync(join(folder, 'etc/motd'), join(folder, 'etc/motd2'))],
    ['the folder of a file', (folder) => renameSync(join(folder, 'etc/motd'), join(folder, 'empty/motd'))],
    ['an empty folder that goes', (folder) => rmSync(join(folder, 'empty'), { recursive: true })],
    ['a new file', (folder) => writeFileSync(join(folder, 'new'), '')],
    [
      'the target of a link',
      (folder) => {
        rmSync(join(folder, 'usr/lib/link'))
        symlinkSync('../bin/other', join(folder, 'usr/lib/link'))
      },
    ],
    [
      'a link that becomes the file it pointed to',
      (folder) => {
        rmSync(join(folder, 'usr/lib/link'))
        writeFileSync(join(folder, 'usr/lib/link'), '#!/bin/sh')
        chmodSync(join(folder, 'usr/lib/link'), 0o755)
      },
    ],
    [
      'two files that change their contents',
      (folder) => {
        renameSync(join(folder, 'etc/motd'), join(folder, 'x'))
        renameSync(join(folder, 'etc/issue'), join(folder, 'etc/motd'))
        renameSync(join(folder, 'x'), join(folder, 'etc/issue'))
      },
    ],
  ]
  for (const [what, change] of changes) {
    it(`shows ${what}`, async (t) => {
      const folder = temporaryFolder(t)
      plant(folder, sample)
      const before = await treeDigest(folder)
      change(folder)
      assert.notEqual(await treeDigest(folder), before)
    })
  }

  it('does not depend on umask, place or order of making', async (t) => {
    const [one, two] = [temporaryFolder(t), temporaryFolder(t)]
    await underUmask(0o022, async () => plant(one, sample))
    await underUmask(0o077, async () => plant(two, Object.fromEntries(Object.entries(sample).toReversed())))
    assert.notEqual(statSync(join(one, 'etc/motd')).mode, statSync(join(two, 'etc/motd')).mode)
    assert.equal(await treeDigest(one), await treeDigest(two))
  })

  it('does not depend on times', async (t) => {
    const folder = temporaryFolder(t)
    plant(folder, sample)
    const before = await treeDigest(folder)
    for (const path of ['etc/motd', 'etc', '.']) utimesSync(join(folder, path), 1, 1)
    assert.equal(await treeDigest(folder), before)
  })

  it('leaves out what a filter leaves out', async (t) => {
    const folder = temporaryFolder(t)
    plant(folder, { 'a.ts': 'a' })
    const before = await treeDigest(folder)
    plant(folder, { 'a.test.ts': 'b' })
    assert.equal(await treeDigest(folder, (path) => !path.endsWith('.test.ts')), before)
    assert.notEqual(await treeDigest(folder), before)
  })

  it('is equal exactly for equal trees', async (t) => {
    const trees = fc.dictionary(fc.constantFrom('a', 'b', 'ab'), fc.constantFrom('', 'a', 'b', 'ab'), {
      maxKeys: 3,
    })
    await fc.assert(
      fc.asyncProperty(trees, trees, async (a, b) => {
        const [one, two] = [temporaryFolder(t), temporaryFolder(t)]
        plant(one, a)
        plant(two, b)
        const sorted = (tree: object) => JSON.stringify(Object.entries(tree).toSorted())
        assert.equal((await treeDigest(one)) === (await treeDigest(two)), sorted(a) === sorted(b))
      }),
      { numRuns: 60 },
    )
  })
})
