import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { basename } from 'node:path'
import { describe, it } from 'node:test'
import { readInRoot } from '../rootfs/read-root.ts'
import { type ElfRecipe, makeElf } from '../testkit/elf.ts'
import { expectCode } from '../testkit/testkit.ts'
import { libraryClosure } from './library-closure.ts'

const loader = '/lib64/ld.so'
const arch = 'x86_64-linux-gnu'
const folder = `/usr/lib/${arch}`

/** A root that holds made-up programs. */
function reader(files: Readonly<Record<string, ElfRecipe | string>>) {
  const contents = new Map(
    Object.entries(files).map(([path, what]) => [
      path,
      typeof what === 'string' ? Buffer.from(what) : makeElf(what),
    ]),
  )
  return (path: string) => contents.get(path)
}

const root = {
  '/bin/static': {},
  '/bin/script': '#!/bin/sh\n',
  '/bin/tool': { interpreter: loader, libraries: ['a.so', 'libc.so'] },
  [loader]: {},
  [`${folder}/a.so`]: { libraries: ['b.so', 'libc.so'] },
  [`${folder}/b.so`]: { libraries: ['a.so'] },
  [`${folder}/libc.so`]: {},
  '/lib/libc.so': {},
  '/bin/moved': { libraries: ['c.so'], runPath: '/nowhere:$ORIGIN/../opt' },
  '/bin/../opt/c.so': { libraries: ['d.so'] },
  '/usr/lib64/d.so': {},
  '/bin/broken': { interpreter: loader, libraries: ['e.so'] },
  [`${folder}/e.so`]: { libraries: ['missing.so'] },
  '/bin/noloader': { interpreter: '/lib64/other.so', libraries: [] },
}

describe('a program with all its libraries', () => {
  const cases: readonly (readonly [program: string, what: string, paths: readonly string[]])[] = [
    ['/bin/static', 'itself alone, if it is static', ['/bin/static']],
    ['/bin/script', 'itself alone, if it is no ELF file', ['/bin/script']],
    [
      '/bin/tool',
      'its loader and its libraries, each once, though they need each other',
      ['/bin/tool', loader, `${folder}/a.so`, `${folder}/b.so`, `${folder}/libc.so`],
    ],
    [
      '/bin/moved',
      'those on its run path, beside itself',
      ['/bin/moved', '/bin/../opt/c.so', '/usr/lib64/d.so'],
    ],
  ]
  for (const [program, what, paths] of cases) {
    it(`is ${what}`, () => {
      const read = reader(root)
      const closure = libraryClosure(program, read, arch)
      assert.deepEqual([...closure.keys()].toSorted(), [...paths].toSorted())
      for (const [path, content] of closure) assert.equal(content, read(path))
    })
  }

  const missing: readonly (readonly [program: string, message: RegExp])[] = [
    ['/bin/broken', /missing\.so is missing; .*\/e\.so needs it/],
    ['/bin/nothing', /\/bin\/nothing is missing/],
    ['/bin/noloader', /\/lib64\/other\.so is missing; \/bin\/noloader needs it/],
  ]
  for (const [program, message] of missing) {
    it(`fails for ${program}: ${message.source}`, async () => {
      const error = await expectCode('E-LIBRARY-MISSING', () => libraryClosure(program, reader(root), arch))
      assert.match(error.message, message)
    })
  }

  it('is what the loader of this machine finds', () => {
    const { stdout, status } = spawnSync('ldd', ['/bin/ls'], { encoding: 'utf8' })
    assert.equal(status, 0)
    // `libc.so.6 => /path (address)`, `/lib64/ld-linux.so (address)`; the kernel's own one has no path.
    const expected = [...stdout.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path = '']) =>
      basename(path),
    )
    assert.ok(expected.length > 1, stdout)
    const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64' | 'arm64']
    const closure = libraryClosure('/bin/ls', (path) => readInRoot('/', path), `${machine}-linux-gnu`)
    const found = [...closure.keys()].filter((path) => path !== '/bin/ls').map((path) => basename(path))
    assert.deepEqual([...new Set(found)].toSorted(), expected.toSorted())
  })
})
