import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import fc from 'fast-check'
import parse from 'spdx-expression-parse'
import { parseCopyright } from './copyright.ts'
import { licenceExpression } from './licence.ts'

const table: readonly (readonly [debian: string, spdx: string])[] = [
  ['GPL-2+', 'GPL-2.0-or-later'],
  ['GPL-2', 'GPL-2.0-only'],
  ['GPL-2.0-only', 'GPL-2.0-only'],
  ['GPLv3+', 'GPL-3.0-or-later'],
  ['GPL', 'GPL-1.0-or-later'],
  ['LGPL-2.1', 'LGPL-2.1-only'],
  ['LGPLv2.1+', 'LGPL-2.1-or-later'],
  ['LGPL-2.0+', 'LGPL-2.0-or-later'],
  ['AGPL-3+', 'AGPL-3.0-or-later'],
  ['GFDL-NIV-1.3+', 'GFDL-1.3-no-invariants-or-later'],
  ['Expat', 'MIT'],
  ['MIT/X11', 'MIT'],
  ['BSD-3-clause', 'BSD-3-Clause'],
  ['zlib', 'Zlib'],
  ['Apache-2', 'Apache-2.0'],
  ['GPL-2 with Linux-syscall-note exception', 'GPL-2.0-only WITH Linux-syscall-note'],
  ['GPL-3+ with Bison exception', 'GPL-3.0-or-later WITH Bison-exception-2.2'],
  ['GPL-1+ or Artistic', 'GPL-1.0-or-later OR Artistic-1.0-Perl'],
  ['LGPLv3+_or_GPLv2+', 'LGPL-3.0-or-later OR GPL-2.0-or-later'],
  ['ISC and BSD-3-clause or GPL-2', 'ISC AND BSD-3-Clause OR GPL-2.0-only'],
  ['GPL-2+ or AFL-2.1, and Expat and ISC', '(GPL-2.0-or-later OR AFL-2.1) AND (MIT AND ISC)'],
  ['ISC, Expat', 'ISC AND MIT'],
  ['public-domain', 'LicenseRef-tz-public-domain'],
  ['GPL-2+ with OpenSSL exception', 'LicenseRef-tz-GPL-2-with-OpenSSL-exception'],
  ['BSD-tcp_wrappers', 'LicenseRef-tz-BSD-tcp-wrappers'],
  // A licence of that name is not one that SPDX knows.
  ['GPL-9+', 'LicenseRef-tz-GPL-9'],
]

describe('a licence of Debian in the terms of SPDX', () => {
  for (const [debian, spdx] of table) {
    it(`${debian} is ${spdx}`, () => {
      const { expression, refs } = licenceExpression(debian, 'tz')
      assert.equal(expression, spdx)
      assert.doesNotThrow(() => parse(expression))
      assert.deepEqual([...refs.keys()], spdx.match(/LicenseRef-\S+/g) ?? [])
    })
  }

  it('is an expression whatever is written', () => {
    const words = fc.constantFrom(
      'GPL-2+',
      'Expat',
      'and',
      'or',
      ',',
      'with',
      'exception',
      'näh',
      '(',
      'X',
      '  ',
    )
    fc.assert(
      fc.property(fc.array(words, { minLength: 1 }), (text) => {
        const { expression } = licenceExpression(text.join(' '), 'any')
        assert.doesNotThrow(() => parse(expression), `${text.join(' ')} became ${expression}`)
      }),
    )
  })
})

const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: thing

Files: *
Copyright: 2020 Somebody
License: GPL-2+

Files: debian/*
Copyright: 2021 Somebody Else
License: odd
 Do what you like.
 .
  But say so.
Comment: not a part of it

License: GPL-2+
 On Debian systems, see /usr/share/common-licenses.
`

test('a copyright file gives each licence of files once, and the texts', () => {
  const { licences, texts } = parseCopyright(copyright) ?? assert.fail()
  assert.deepEqual(licences, ['GPL-2+', 'odd'])
  assert.deepEqual(Object.fromEntries(texts), {
    odd: 'Do what you like.\n\nBut say so.',
    'GPL-2+': 'On Debian systems, see /usr/share/common-licenses.',
  })
})

test('prose says nothing that a program could know', () => {
  assert.equal(parseCopyright('This package was debianized by Somebody.\nLicense: GPL\n'), undefined)
})
