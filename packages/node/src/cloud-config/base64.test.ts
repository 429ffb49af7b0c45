import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64 } from './base64.ts'

test('base64: decodes what Node encodes, with and without padding and line breaks', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64')
      for (const variant of [text, text.replace(/=+$/, ''), text.replace(/(.{76})/g, '$1\n')]) {
        assert.deepEqual(decodeBase64(variant), bytes)
      }
    }),
  )
})

for (const text of ['a', 'aaaaa', 'a===', 'ab-_', 'ab=c', 'aGk=!']) {
  test(`base64: ${JSON.stringify(text)} is refused`, () => assert.throws(() => decodeBase64(text)))
}
