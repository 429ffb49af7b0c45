import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { temporaryFolder } from '../testkit/testkit.ts'
import { type CpioEntry, writeCpio } from './cpio.ts'

const sample: readonly CpioEntry[] = [
  { kind: 'file', path: 'bin/tool', content: Buffer.from('#!/bin/sh\n'), executable: true },
  { kind: 'link', path: 'bin/sh', target: '/bin/busybox' },
  { kind: 'folder', path: 'sys' },
  { kind: 'file', path: 'etc/kiln/modules', content: Buffer.from('ext4\n') },
  { kind: 'file', path: 'etc/empty', content: Buffer.alloc(0) },
  { kind: 'file', path: 'init', content: Buffer.alloc(70_001, 'x'), executable: true },
]

interface Unpacked {
  readonly mode: number
  readonly content: string
  readonly fields: readonly number[]
}

/** Reads an archive by the kernel's description of the format, and refuses what the kernel would. */
function readCpio(archive: Buffer): Map<string, Unpacked> {
  const found = new Map<string, Unpacked>()
  const aligned = (at: number) => Math.ceil(at / 4) * 4
  for (let at = 0; ; ) {
    assert.equal(at % 4, 0)
    assert.equal(archive.toString('latin1', at, at + 6), '070701')
    const fields = Array.from({ length: 13 }, (_, index) => {
      const digits = archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8)
      assert.match(digits, /^[0-9a-f]{8}$/)
      return Number.parseInt(digits, 16)
    })
    const [, mode = 0, , , , , size = 0, , , , , nameSize = 0] = fields
    const name = archive.toString('utf8', at + 110, at + 110 + nameSize - 1)
    assert.equal(archive[at + 110 + nameSize - 1], 0)
    const start = aligned(at + 110 + nameSize)
    if (name === 'TRAILER!!!') {
      assert.equal(start, archive.length)
      return found
    }
    assert.ok(!found.has(name), `${name} twice`)
    found.set(name, { mode, content: archive.toString('utf8', start, start + size), fields })
    at = aligned(start + size)
  }
}

describe('a cpio archive', () => {
  const found = readCpio(writeCpio(sample, 1234))

  const modes: readonly (readonly [path: string, mode: number])[] = [
    ['bin', 0o040755],
    ['bin/tool', 0o100755],
    ['bin/sh', 0o120777],
    ['sys', 0o040755],
    ['etc', 0o040755],
    ['etc/kiln', 0o040755],
    ['etc/kiln/modules', 0o100644],
    ['etc/empty', 0o100644],
    ['init', 0o100755],
  ]
  for (const [path, mode] of modes) {
    it(`has ${path} with mode ${mode.toString(8)}`, () => assert.equal(found.get(path)?.mode, mode))
  }

  it('has nothing else', () =>
    assert.deepEqual([...found.keys()].toSorted(), modes.map(([path]) => path).toSorted()))

  it('holds contents and targets', () => {
    assert.equal(found.get('etc/kiln/modules')?.content, 'ext4\n')
    assert.equal(found.get('bin/sh')?.content, '/bin/busybox')
    assert.equal(found.get('init')?.content, 'x'.repeat(70_001))
    assert.equal(found.get('etc/empty')?.content, '')
  })

  it('belongs to root, at the given time, with inodes of its own', () => {
    const inodes = new Set<number>()
    for (const [path, { fields }] of found) {
      const [inode = 0, , uid, gid, , time] = fields
      assert.deepEqual([uid, gid, time], [0, 0, 1234], path)
      inodes.add(inode)
    }
    assert.equal(inodes.size, found.size)
  })

  it('has devices with their numbers', () => {
    const device = readCpio(writeCpio([{ kind: 'device', path: 'dev/console', major: 5, minor: 1 }], 0)).get(
      'dev/console',
    )
    assert.deepEqual([device?.mode, device?.fields[9], device?.fields[10]], [0o020600, 5, 1])
  })

  it('of nothing is only its end', () => assert.equal(readCpio(writeCpio([], 0)).size, 0))
})

const path = fc
  .array(fc.stringMatching(/^[a-c-]{1,2}$/), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'))
const entries = fc
  .uniqueArray(fc.tuple(path, fc.uint8Array({ maxLength: 9 }), fc.boolean()), { selector: ([name]) => name })
  .map((all) =>
    // A file cannot be the folder of another.
    all
      .filter(([name]) => !all.some(([other]) => other.startsWith(`${name}/`)))
      .map(([name, content, executable]): CpioEntry => ({ kind: 'file', path: name, content, executable })),
  )

describe('any cpio archive', () => {
  it('does not depend on the order of its entries', () => {
    fc.assert(
      fc.property(entries, (all) => assert.ok(writeCpio(all.toReversed(), 0).equals(writeCpio(all, 0)))),
    )
  })

  it('has each folder before what is in it, and holds what was put in', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const found = readCpio(writeCpio(all, 0))
        const seen = new Set<string>()
        for (const name of found.keys()) {
          const parent = name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : ''
          assert.ok(parent === '' || seen.has(parent), `${name} before its folder`)
          seen.add(name)
        }
        for (const entry of all) {
          assert.ok(entry.kind === 'file')
          assert.equal(found.get(entry.path)?.content, Buffer.from(entry.content).toString('utf8'))
        }
      }),
    )
  })

  it('does not depend on when it is written, only on the time that it is given', () => {
    assert.ok(writeCpio(sample, 1).equals(writeCpio(sample, 1)))
    assert.ok(!writeCpio(sample, 1).equals(writeCpio(sample, 2)))
  })
})

/** Programs that unpack an archive from their input into the current folder; any of them is a judge. */
const unpackers = [
  ['/usr/bin/cpio', ['--extract', '--quiet', '--no-absolute-filenames']],
  ['/usr/bin/busybox', ['cpio', '-i']],
  ['/bin/busybox', ['cpio', '-i']],
] as const

for (const [program, flags] of unpackers.filter(([file]) => existsSync(file))) {
  describe(`${program} ${flags[0]}`, () => {
    it('unpacks an archive of Kiln', (t) => {
      const cwd = temporaryFolder(t)
      const { status, stderr } = spawnSync(program, flags, {
        cwd,
        input: writeCpio(sample, 1234),
        encoding: 'utf8',
      })
      assert.equal(status, 0, stderr)
      assert.equal(lstatSync(join(cwd, 'bin/tool')).mode & 0o777, 0o755)
      assert.equal(readFileSync(join(cwd, 'etc/kiln/modules'), 'utf8'), 'ext4\n')
      assert.equal(lstatSync(join(cwd, 'init')).size, 70_001)
      assert.equal(readlinkSync(join(cwd, 'bin/sh')), '/bin/busybox')
      assert.ok(lstatSync(join(cwd, 'sys')).isDirectory())
    })
  })
}
