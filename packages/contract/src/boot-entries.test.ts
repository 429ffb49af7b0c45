import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  emptyEntryText,
  entryBytes,
  entryFile,
  entryText,
  parseEntryName,
  slotOfEntry,
} from './boot-entries.ts'
import { utf8Bytes } from './crc32.ts'

const slot = '0123456789abcdef'.repeat(4)

test('boot entries: the text, exactly one sector', () => {
  const text = entryText({ generation: 5, slot, title: 'box v1 (generation 5)' })
  assert.equal(
    text.trimEnd(),
    `title box v1 (generation 5)\nsort-key kiln\nversion 00000005\nlinux /EFI/kiln/${slot}.efi`,
  )
  assert.equal(slotOfEntry(text), slot)
  for (const title of ['', 'x'.repeat(500), '🏺'.repeat(300), 'a\nlinux /evil']) {
    const each = entryText({ generation: 123_456, slot, title })
    assert.equal(utf8Bytes(each).length, entryBytes)
    assert.equal(each.match(/^linux /gm)?.length, 1)
  }
})

test('boot entries: recovery comes after all generations', () => {
  const text = entryText({ slot, title: 'box recovery' })
  assert.match(text, /^sort-key kiln-recovery$/m)
  assert.ok('kiln' < 'kiln-recovery')
})

test('boot entries: what is not filled yet starts nothing', () => {
  assert.equal(emptyEntryText().length, entryBytes)
  assert.equal(slotOfEntry(emptyEntryText()), undefined)
})

const names: readonly (readonly [name: string, expected: unknown])[] = [
  ['kiln-5.conf', { id: 'kiln-5', generation: 5 }],
  ['kiln-5', { id: 'kiln-5', generation: 5 }],
  ['KILN-5+3.CONF', { id: 'kiln-5', generation: 5, triesLeft: 3, triesDone: 0 }],
  ['kiln-12+0-3.conf', { id: 'kiln-12', generation: 12, triesLeft: 0, triesDone: 3 }],
  ['kiln-12+2-1', { id: 'kiln-12', generation: 12, triesLeft: 2, triesDone: 1 }],
  ['kiln-recovery.conf', { id: 'kiln-recovery' }],
  ['kiln-recovery', { id: 'kiln-recovery' }],
  ['kiln-0.conf', undefined],
  ['kiln-05.conf', undefined],
  ['kiln-.conf', undefined],
  ['kiln-5+.conf', undefined],
  ['kiln-5+3-.conf', undefined],
  ['kiln-5.conf.bak', undefined],
  ['active.conf', undefined],
  ['auto-windows', undefined],
]

for (const [name, expected] of names) {
  test(`boot entries: ${name}`, () => assert.deepEqual(parseEntryName(name), expected))
}

test('boot entries: names of files are read again', () => {
  assert.deepEqual(parseEntryName(entryFile(7, 3)), {
    id: 'kiln-7',
    generation: 7,
    triesLeft: 3,
    triesDone: 0,
  })
  assert.deepEqual(parseEntryName(entryFile(7)), { id: 'kiln-7', generation: 7 })
  assert.deepEqual(parseEntryName(entryFile(undefined)), { id: 'kiln-recovery' })
})
