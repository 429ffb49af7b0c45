import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { freshFolder, repository } from './harness.ts'

/**
 * What goes wrong only while a build runs: each with its code, its exit code, and the line of the definition where one
 * asked for it. What is wrong in the definition itself is tested with the command line.
 */
const good = ['name: bad', 'version: v0.1.0', 'images:', '  - flavor: debian', '    release: "13"']

interface Case {
  readonly title: string
  /** Lines added to a good definition. */
  readonly lines: readonly string[]
  readonly code: string
  readonly exit: number
  /** Line and column, from 1. */
  readonly place?: readonly [number, number]
  readonly message?: RegExp
  /** The packages could be resolved, so they are kept for the next try. */
  readonly locked?: boolean
}

const cases: readonly Case[] = [
  {
    title: 'a mirror that does not answer',
    lines: ['mirror: http://127.0.0.1:9/debian'],
    code: 'E-MIRROR-UNREACHABLE',
    exit: 7,
    message: /127\.0\.0\.1:9/,
  },
  {
    title: 'a keyring that is not there',
    lines: ['keyring: none.gpg'],
    code: 'E-KEYRING-MISSING',
    exit: 6,
    place: [6, 10],
  },
  {
    title: 'a package that the archive does not have',
    lines: ['    packages:', '      add: [less, no-such-package]'],
    code: 'E-PACKAGE-UNKNOWN',
    exit: 3,
    place: [7, 19],
    message: /no-such-package/,
  },
  {
    title: 'a kernel package without a kernel',
    lines: ['    kernel:', '      package: nano'],
    code: 'E-KERNEL-MISSING',
    exit: 3,
    place: [7, 7],
    locked: true,
  },
]

describe('a build that cannot work', () => {
  for (const { title, lines, code, exit, place, message, locked } of cases) {
    test(title, async () => {
      const folder = await definition(lines)
      const { status, error } = kiln(['build', folder])
      assert.equal(error?.code, code)
      assert.equal(status, exit)
      assert.match(error.message, message ?? /./)
      const [finding] = error.findings
      const start = finding?.range?.start
      if (place) assert.deepEqual(start && [start.line + 1, start.character + 1], place)
      assert.deepEqual(await leftovers(folder), [...(locked ? ['kiln.lock'] : []), 'kiln.yaml'])
    })
  }

  test('a disk that is full', async () => {
    const folder = await definition([])
    const cache = join(await freshFolder(), 'cache')
    await mkdir(cache)
    // The mount is seen by this one build only, and goes with it.
    const small = 'mount -t tmpfs -o size=32M small "$1"; shift; exec "$@"'
    const { status, error } = kiln(
      ['build', folder, '--cache', cache],
      ['unshare', '--mount', 'sh', '-euc', small, 'sh', cache],
    )
    assert.equal(error?.code, 'E-DISK-FULL')
    assert.equal(status, 6)
    assert.deepEqual(await leftovers(folder), ['kiln.yaml'])
  })

  test('a tool that is missing and cannot be installed', async () => {
    const folder = await definition([])
    const empty = join(folder, 'empty')
    await writeFile(empty, '')
    const hide =
      'mount --bind "$1" /usr/bin/mmdebstrap; shift; exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"'
    const { status, error } = kiln(
      ['build', join(repository, 'examples/debian'), '--cache', join(folder, 'cache')],
      [...['unshare', '--mount', 'sh', '-euc', hide, 'sh', empty]],
    )
    assert.equal(error?.code, 'E-TOOL-MISSING')
    assert.equal(status, 6)
    assert.match(error.findings[0]?.hint ?? '', /apt-get install .*mmdebstrap/)
  })
})

interface ErrorData {
  readonly code: string
  readonly message: string
  readonly findings: readonly {
    readonly hint?: string
    readonly range?: { readonly start: { readonly line: number; readonly character: number } }
  }[]
}

function kiln(
  args: readonly string[],
  wrapper: readonly string[] = [],
): { status: number | null; error?: ErrorData } {
  const [program = '', ...rest] = [
    ...wrapper,
    join(repository, 'kiln'),
    ...args,
    '--json',
    '--progress',
    'none',
  ]
  const { status, stdout } = spawnSync(program, rest, { encoding: 'utf8' })
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { readonly error?: ErrorData }
  return { status, ...last }
}

async function definition(lines: readonly string[]): Promise<string> {
  const folder = await freshFolder()
  await writeFile(join(folder, 'kiln.yaml'), `${[...good, ...lines].join('\n')}\n`)
  return folder
}

/** Nothing half-made may stay behind where results go. */
async function leftovers(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort()
}
