import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { signedDate } from './in-release.ts'

const sixth = 'Sat, 06 Sep 2025 10:00:00 UTC'
const eighth = 'Mon, 08 Sep 2025 10:00:00 UTC'
const message = (head: string, body: string, after = '') =>
  `-----BEGIN PGP SIGNED MESSAGE-----\n${head}\n${body}-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n${after}`

describe('the date of an InRelease file', () => {
  const cases: readonly (readonly [what: string, text: string, date: string | undefined])[] = [
    ['stands in the signed text', message('Hash: SHA512\n', `Suite: a\nDate: ${sixth}\n`), sixth],
    [
      'is found with other ends of lines',
      message('Hash: SHA512\n', `Date: ${sixth}\n`).replaceAll('\n', '\r\n'),
      sixth,
    ],
    ['is found without a header', message('', `Date: ${sixth}\n`), sixth],
    ['is not taken from the headers', message(`Date: ${eighth}\n`, `Date: ${sixth}\n`), sixth],
    ['is not taken from behind the signature', message('', 'Suite: a\n', `Date: ${eighth}\n`), undefined],
    [
      'is not taken from before the message',
      `Date: ${eighth}\n${message('', `Date: ${sixth}\n`)}`,
      undefined,
    ],
    ['is missing where it cannot be read', message('', 'Date: some time ago\n'), undefined],
    ['is missing in a web page', `<html>\nDate: ${sixth}\n`, undefined],
    ['is missing in nothing', '', undefined],
  ]
  for (const [what, text, date] of cases) {
    it(what, () => assert.equal(signedDate(text), date && Date.parse(date) / 1000))
  }
})
