import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ErrorCode } from '@kiln/contract'
import type { ResolvedArchive } from '../resolve/archive.ts'
import { parseIndexTargets } from './apt.ts'
import { bootstrapArguments, explainApt, sourcesList } from './mmdebstrap.ts'

describe("the machine's own sources", () => {
  const target = (suite: string, uri = 'http://mirror.test/debian/', createdBy = 'Packages') =>
    `${createdBy}|${uri}|${suite}`
  const cases: readonly (readonly [what: string, lines: readonly string[], suites: readonly string[]])[] = [
    [
      'are those of its release',
      [target('bookworm'), target('bookworm-updates')],
      ['bookworm', 'bookworm-updates'],
    ],
    [
      'include security, in its old form, too',
      [target('bookworm-security'), target('bookworm/updates')],
      ['bookworm-security', 'bookworm/updates'],
    ],
    [
      'are named once, however many components they have',
      [target('bookworm'), target('bookworm')],
      ['bookworm'],
    ],
    [
      'are not those of other vendors',
      [target('stable'), target('nodistro'), target('bookworm')],
      ['bookworm'],
    ],
    ['are not backports', [target('bookworm-backports')], []],
    ['are not those of translations and contents', [target('bookworm', undefined, 'Translations')], []],
    ['are none where apt says nothing', [''], []],
    ['are not lines without an address', [target('bookworm', '')], []],
  ]
  for (const [what, lines, suites] of cases) {
    it(what, () => {
      const sources = parseIndexTargets(`${lines.join('\n')}\n`, 'bookworm')
      assert.deepEqual(
        sources.map(({ suite }) => suite),
        suites,
      )
    })
  }

  it('of the same suite at two mirrors are two', () => {
    const output = [target('bookworm'), target('bookworm', 'http://other.test/')].join('\n')
    assert.deepEqual(parseIndexTargets(output, 'bookworm'), [
      { uri: 'http://mirror.test/debian/', suite: 'bookworm' },
      { uri: 'http://other.test/', suite: 'bookworm' },
    ])
  })
})

describe("apt's complaints", () => {
  const cases: readonly (readonly [text: string, code: ErrorCode | undefined, message?: RegExp])[] = [
    ['E: Unable to locate package htopp', 'E-PACKAGE-UNKNOWN', /htopp$/],
    ['E: Unable to locate package a\nE: Unable to locate package b', 'E-PACKAGE-UNKNOWN', /a, b$/],
    ["E: Package 'linux-image' has no installation candidate", 'E-PACKAGE-UNKNOWN', /linux-image$/],
    ['W: GPG error: http://mirror.test trixie InRelease: NO_PUBKEY 6ED0', 'E-ARCHIVE-UNTRUSTED'],
    ["E: The repository 'http://mirror.test trixie InRelease' is not signed.", 'E-ARCHIVE-UNTRUSTED'],
    ['The following signatures were invalid: EXPKEYSIG', 'E-ARCHIVE-UNTRUSTED'],
    ["E: Failed to fetch http://mirror.test/x.deb  Could not resolve 'mirror.test'", 'E-MIRROR-UNREACHABLE'],
    [
      'Err:1 http://mirror.test trixie InRelease\n  Could not connect to mirror.test:80',
      'E-MIRROR-UNREACHABLE',
    ],
    ['Temporary failure resolving mirror.test', 'E-MIRROR-UNREACHABLE'],
    ['dpkg: error processing package x (--configure)', undefined],
    ['', undefined],
  ]
  for (const [text, code, message] of cases) {
    it(`"${text.split('\n')[0]}" is ${code ?? 'nothing special'}`, () => {
      const error = explainApt(text)
      assert.equal(error?.code, code)
      if (message) assert.match(error?.message ?? '', message)
      if (error) assert.equal(error.output, text)
    })
  }

  it('an untrusted archive is told as such, though its lists cannot be fetched either', () => {
    const text =
      'W: GPG error: http://mirror.test\nE: Failed to fetch http://mirror.test/dists/trixie/InRelease'
    assert.equal(explainApt(text)?.code, 'E-ARCHIVE-UNTRUSTED')
  })
})

describe('mmdebstrap', () => {
  const archive: ResolvedArchive = {
    suites: [
      { uri: 'http://mirror.test/debian/', suite: 'trixie', components: ['main', 'contrib'], release: 'r1' },
      { uri: 'http://mirror.test/debian/', suite: 'trixie-updates', components: ['main'], release: 'r2' },
    ],
    keyring: { file: '/keys/a.gpg', digest: 'k1' },
    epoch: 1000,
  }
  const options = {
    archive,
    arch: 'arm64',
    target: '/target',
    signal: new AbortController().signal,
    onLine: () => {},
    onPercent: () => {},
  }

  it('is told the sources one line each', () => {
    assert.equal(
      sourcesList(archive),
      'deb http://mirror.test/debian/ trixie main contrib\ndeb http://mirror.test/debian/ trixie-updates main\n',
    )
  })

  it('makes a folder of the first suite, for the architecture, trusting only the keyring', () => {
    const words = bootstrapArguments(options)
    for (const word of ['--format=directory', '--architectures=arm64', '--keyring=/keys/a.gpg']) {
      assert.ok(words.includes(word), word)
    }
    assert.deepEqual(words.slice(-3), ['trixie', '/target', '-'])
  })

  it('takes more packages, and keeps the lists, only where it is told to', () => {
    const plain = bootstrapArguments(options).join(' ')
    assert.doesNotMatch(plain, /--include|cleanup\/apt\/lists/)
    const more = bootstrapArguments({ ...options, include: ['gcc', 'zstd'], keepLists: true })
    assert.ok(more.includes('--include=gcc,zstd') && more.includes('--skip=cleanup/apt/lists'))
  })
})
