import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpioAround, writeCpio } from './cpio.ts'

for (const text of ['', 'a', 'abcd', 'abcde']) {
  test(`an archive around a file of ${text.length} bytes is the one that is written in one go`, () => {
    const content = Buffer.from(text)
    const { before, after } = cpioAround('payload/deep/root.img', content.length)
    const whole = writeCpio([{ kind: 'file', path: 'payload/deep/root.img', content }], 0)
    assert.deepEqual(Buffer.concat([before, content, after]), whole)
  })
}
