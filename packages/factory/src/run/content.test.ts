import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { plant, temporaryFolder } from '../testkit/testkit.ts'
import { parseListing } from '../tools/find.ts'
import { isolated } from '../tools/unshare.ts'
import { contentDigest, stamp, stampOf } from './content.ts'

const isRoot = process.getuid?.() === 0

function tree(t: TestContext): string {
  const folder = temporaryFolder(t)
  plant(folder, { 'a/file': 'text', 'a/other': 'other', 'a/program': { program: '#!/bin/sh\n' } })
  symlinkSync('file', join(folder, 'a/link'))
  return folder
}

function command(...[program = '', ...args]: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

type Change = readonly [what: string, change: (file: string, folder: string) => void]

const changes: readonly Change[] = [
  ['a content', (file) => appendFileSync(file, 'x')],
  [
    'one bit of a content, with size and time as they were',
    (file) => {
      writeFileSync(file, 'tent')
      utimesSync(file, 1, 1)
    },
  ],
  ['a name', (file) => renameSync(file, `${file}2`)],
  ['a mode', (file) => chmodSync(file, 0o600)],
  ['a setuid bit', (file) => chmodSync(file, 0o4755)],
  [
    'a link',
    (_, folder) => {
      rmSync(join(folder, 'a/link'))
      symlinkSync('other', join(folder, 'a/link'))
    },
  ],
  ['a further name of the same file', (file, folder) => linkSync(file, join(folder, 'a/again'))],
  ['an extended attribute', (file) => command('python3', '-c', setAttribute, file)],
  ['a file that is gone', (file) => rmSync(file)],
  ['an empty folder', (_, folder) => plant(folder, { 'a/empty': 'folder/' })],
  ['a pipe', (_, folder) => command('mkfifo', join(folder, 'a/pipe'))],
  ...(isRoot
    ? ([
        ['an owner', (file) => command('chown', '1234:5678', file)],
        ['a device', (_, folder) => command('mknod', join(folder, 'a/null'), 'c', '1', '3')],
        ['a capability', (file) => command('python3', '-c', setCapability, file)],
      ] satisfies Change[])
    : []),
]

const setAttribute = 'import os, sys; os.setxattr(sys.argv[1], "user.kiln", b"x")'
/** The form of the kernel: version 2, cap_net_raw permitted and effective. */
const setCapability =
  'import os, struct, sys; os.setxattr(sys.argv[1], "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))'

describe('the content digest and the stamp', () => {
  for (const [what, change] of changes) {
    it(`see ${what}`, async (t) => {
      const folder = tree(t)
      const [content, before] = [await contentDigest(folder), await stamp(folder)]
      change(join(folder, 'a/file'), folder)
      assert.notEqual(await contentDigest(folder), content)
      assert.notEqual((await stamp(folder)).digest, before.digest)
    })
  }

  it('stay the same where nothing was written', async (t) => {
    const folder = tree(t)
    const before = [await contentDigest(folder), await stamp(folder)]
    assert.deepEqual([await contentDigest(folder), await stamp(folder)], before)
  })

  it('differ about times: only the stamp sees them', async (t) => {
    const folder = tree(t)
    const [content, before] = [await contentDigest(folder), await stamp(folder)]
    utimesSync(join(folder, 'a/file'), 1, 1)
    assert.equal(await contentDigest(folder), content)
    assert.notEqual((await stamp(folder)).digest, before.digest)
  })

  it('see files of other owners that nobody else may read', async (t) => {
    const folder = tree(t)
    const within = (script: string) =>
      command('setpriv', ...isolated({ network: false }), 'sh', '-euc', script, 'sh', folder)
    within('cd "$1/a"; mkdir deep; echo x > deep/file; chown -R 42:43 deep; chmod 700 deep')
    const content = await contentDigest(folder)
    assert.equal((await stamp(folder)).entries, 8)
    within('echo y > "$1/a/deep/file"')
    assert.notEqual(await contentDigest(folder), content)
  })

  it('of the same tree in two places: equal content', async (t) => {
    assert.equal(await contentDigest(tree(t)), await contentDigest(tree(t)))
  })
})

describe('a stamp', () => {
  it('knows sizes, a hard-linked file once', async (t) => {
    const folder = tree(t)
    linkSync(join(folder, 'a/file'), join(folder, 'a/again'))
    const { entries, bytes } = await stamp(folder)
    assert.deepEqual([entries, bytes], [7, 'text'.length + 'other'.length + '#!/bin/sh\n'.length])
  })

  it('does not depend on the order in which a folder is read', () => {
    const entries = parseListing('f 1 5 1.5 1.5 a b\0f 2 0 2.5 2.5 line\nbreak\0d 3 4096 1.0 1.0 \0')
    assert.deepEqual(entries[1]?.path, 'line\nbreak')
    assert.deepEqual(stampOf(entries), stampOf(entries.toReversed()))
  })
})
