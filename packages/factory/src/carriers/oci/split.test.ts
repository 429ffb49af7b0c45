import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Entry } from './layer-list.ts'
import { splitRoot } from './split.ts'

const mib = 2 ** 20
let inodes = 0

/** `d etc`, `f usr/bin/sh`: an entry in short; files are of 1 MiB. */
const entry = (line: string, changes: Partial<Entry> = {}): Entry => ({
  kind: line.slice(0, 1),
  path: line.slice(2),
  inode: `${++inodes}`,
  size: mib,
  ...changes,
})

const owners = (files: Record<string, string>) => ({ files: new Map(Object.entries(files)) })
const partOf = (path: string, entries: readonly Entry[], files: Record<string, string>) =>
  splitRoot(entries, owners(files))
    .filter(({ members }) => members.includes(path))
    .map(({ name }) => name)

describe('to which layer a file goes', () => {
  for (const [what, path, size, owner, expected] of [
    ['a large package', 'usr/lib/systemd/systemd', 9 * mib, 'systemd', 'systemd'],
    ['a small one', 'usr/bin/sudo', mib, 'sudo', 'others-4'],
    ['another small one', 'usr/bin/perl', mib, 'perl', 'others-0'],
    ['a kernel', 'boot/vmlinuz-6.12', mib, 'linux-signed-amd64', 'kernel'],
    ['what depmod wrote', 'usr/lib/modules/6.12/modules.dep', mib, undefined, 'kernel'],
    ['state of the package manager', 'var/lib/dpkg/status', mib, undefined, 'state'],
    ['a setting that no package brought', 'etc/machine-id', 0, undefined, 'state'],
    ['a link in the root', 'vmlinuz', 0, undefined, 'state'],
    ['a large file that a script made', 'usr/lib/udev/hwdb.bin', 13 * mib, undefined, 'usr-lib-udev'],
  ] as const) {
    test(what, () => {
      const made = entry(`f ${path}`, { size })
      assert.deepEqual(partOf(path, [made], owner === undefined ? {} : { [path]: owner }), [expected])
    })
  }

  test('one more package moves no other', () => {
    const before = [entry('f usr/bin/sudo'), entry('f usr/bin/perl')]
    const files = { 'usr/bin/sudo': 'sudo', 'usr/bin/perl': 'perl' }
    const more = { ...files, 'usr/bin/new': 'new' }
    for (const path of Object.keys(files)) {
      const now = partOf(path, [...before, entry('f usr/bin/new')], more)
      assert.deepEqual(partOf(path, before, files), now)
    }
  })

  test('names of one file stay together, whoever brings them', () => {
    const entries = [entry('f usr/bin/a', { inode: 'x' }), entry('f usr/bin/b', { inode: 'x' })]
    const files = { 'usr/bin/a': 'perl', 'usr/bin/b': 'sudo' }
    assert.deepEqual(partOf('usr/bin/a', entries, files), partOf('usr/bin/b', entries, files))
  })

  test('what changes most often comes last', () => {
    const paths = ['var/x', 'boot/x', 'usr/lib/udev/x', 'usr/bin/x']
    const parts = splitRoot(
      paths.map((path) => entry(`f ${path}`, { size: 9 * mib })),
      undefined,
    )
    assert.deepEqual(
      parts.map(({ name }) => name),
      ['usr-bin', 'usr-lib-udev', 'kernel', 'state'],
    )
  })

  test('folders come along where something is below them, empty ones once', () => {
    const entries = ['d usr', 'd usr/bin', 'f usr/bin/sudo', 'd var', 'd var/empty', 'd boot'].map((line) =>
      entry(line),
    )
    const parts = splitRoot(entries, owners({ 'usr/bin/sudo': 'sudo' }))
    assert.deepEqual(Object.fromEntries(parts.map(({ name, members }) => [name, members])), {
      'others-4': ['usr', 'usr/bin', 'usr/bin/sudo'],
      kernel: ['boot'],
      state: ['var', 'var/empty'],
    })
  })
})

test('everything goes somewhere, files once', () => {
  const name = fc.constantFrom('usr', 'var', 'lib', 'boot', 'a', 'b')
  const path = fc.array(name, { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(fc.array(path, { maxLength: 30 }), (paths) => {
      const folders = new Set(
        paths.flatMap((parts) => parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('/'))),
      )
      const files = [...new Set(paths.map((parts) => parts.join('/')))].filter((file) => !folders.has(file))
      const entries = [
        ...[...folders].map((each) => entry(`d ${each}`)),
        ...files.map((each) => entry(`f ${each}`)),
      ]
      const members = splitRoot(entries, undefined).flatMap((part) => part.members)
      assert.deepEqual([...new Set(members)].sort(), entries.map((each) => each.path).sort())
      for (const file of files) assert.equal(members.filter((member) => member === file).length, 1)
    }),
  )
})
