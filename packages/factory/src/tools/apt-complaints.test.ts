import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ErrorCode } from '@kiln/contract'
import { explainApt } from './apt-complaints.ts'

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

/** What apt says before it lists what does not fit. */
const lead = `Building dependency tree...
Some packages could not be installed. This may mean that you have
requested an impossible situation.
The following information may help to resolve the situation:

The following packages have unmet dependencies:
`
const held = 'E: Unable to correct problems, you have held broken packages.\n'
/** In the words of the solver of apt 3. */
const decisions = `Unable to satisfy dependencies. Reached two conflicting decisions:
   1. enemy:amd64 is not selected for install because:
      1. help:amd64=1 is selected for install
      2. enemy:amd64 Conflicts help
   2. enemy:amd64 is selected for install because:
      1. wants-enemy:amd64=1 is selected for install
      2. wants-enemy:amd64 Depends enemy (>= 2)
`

describe("apt's words on packages that do not fit together", () => {
  const cases: readonly (readonly [
    what: string,
    output: string,
    message: string,
    subjects: readonly string[],
  ])[] = [
    [
      'one that the archive lacks',
      `${lead} broken : Depends: libfoo (>= 2) but it is not installable\n${held}`,
      'broken Depends: libfoo (>= 2) but it is not installable',
      ['broken', 'libfoo'],
    ],
    [
      'several reasons of one package',
      `${lead} a : Depends: b but it is not going to be installed\n     Conflicts: c but 1 is to be installed\n${held}`,
      'a Depends: b but it is not going to be installed; a Conflicts: c but 1 is to be installed',
      ['a', 'b', 'c'],
    ],
    [
      'another architecture',
      `${lead} g++:arm64 : Depends: libfoo:arm64 but it is not installable\n${held}`,
      'g++ Depends: libfoo:arm64 but it is not installable',
      ['g++', 'libfoo'],
    ],
    [
      'too many to show',
      `${lead}${['a', 'b', 'c', 'd', 'e'].map((name) => ` ${name} : Depends: x but it is not installable\n`).join('')}`,
      'a Depends: x but it is not installable; b Depends: x but it is not installable; c Depends: x but it is not installable (and 2 more)',
      ['a', 'b', 'c', 'd', 'e', 'x'],
    ],
    [
      'both in the old words and in the new',
      `${lead} enemy : Conflicts: help but 1 is to be installed\n${held}E: More from --solver 3.0:\n   ${decisions}`,
      'enemy Conflicts: help but 1 is to be installed',
      ['enemy', 'help', 'wants-enemy'],
    ],
    [
      'the new words alone',
      `E: ${decisions}`,
      'enemy is not selected for install because; help is selected for install; enemy Conflicts help (and 3 more)',
      ['enemy', 'help', 'wants-enemy'],
    ],
  ]
  for (const [what, output, message, subjects] of cases) {
    it(`are told with the names: ${what}`, () => {
      const error = explainApt(output)
      assert.equal(error?.code, 'E-PACKAGE-UNSATISFIABLE')
      assert.equal(error.message, `no packages fit together: ${message}`)
      assert.deepEqual(error.subjects, subjects)
      assert.equal(error.output, output)
    })
  }
})
