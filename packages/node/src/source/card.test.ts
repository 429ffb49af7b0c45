import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { makePayload } from '../testkit/payload-files.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import { filesOf, parseCard } from './card.ts'
import { SourceError } from './error.ts'

function cardOf(context: TestContext) {
  const made = makePayload(join(rootedHost(context).folder, 'payload'))
  return { made, text: readFileSync(join(made.folder, 'payload.json'), 'utf8') }
}

test('a card is read, and lists all files but itself', (context) => {
  const { made, text } = cardOf(context)
  assert.deepEqual(parseCard(text, 'x'), made.payload)
  const names = filesOf(made.payload).map(({ file }) => file)
  assert.deepEqual([...names, 'payload.json'].sort(), [...made.files].sort())
})

test('what a later version adds is left out', (context) => {
  const { made } = cardOf(context)
  const later = {
    ...made.payload,
    signature: 'x',
    kernel: { ...made.payload.kernel, modules: 7 },
    bootLoader: {
      ...made.payload.bootLoader,
      files: made.payload.bootLoader.files.map((file) => ({ ...file, arch: 'x64' })),
    },
  }
  assert.deepEqual(parseCard(JSON.stringify(later), 'x'), made.payload)
})

describe('cards that are refused', () => {
  for (const [name, change, message] of [
    ['no JSON', () => '{', /is not JSON/],
    ['another form', (card) => card.replace('kiln.payload/v1', 'kiln.payload/v2'), /schema/],
    ['a key is missing', (card) => card.replace('"cmdline"', '"comdline"'), /cmdline/],
    [
      'a path as a name',
      (card) => card.replace('"boot.efi"', '"../boot.efi"'),
      /strange file: \.\.\/boot\.efi/,
    ],
    ['a hidden name', (card) => card.replace('"kernel",', '".kernel",'), /strange file/],
    ['its own name', (card) => card.replace('"initramfs",', '"payload.json",'), /strange file/],
    ['a digest that is none', (card) => card.replace('"sha256:', '"md5:'), /strange file/],
    ['a size below zero', (card) => card.replace('"size": 3000', '"size": -1'), /strange file/],
    [
      'a root hash that is none',
      (card) => card.replace(/"rootHash": "../, '"rootHash": "zz'),
      /no root hash/,
    ],
  ] as const satisfies readonly (readonly [string, (card: string) => string, RegExp])[]) {
    test(name, (context) => {
      const { text } = cardOf(context)
      assert.throws(
        () => parseCard(change(text), 'x'),
        (error) =>
          error instanceof SourceError && error.reason === 'bad-payload' && message.test(error.message),
      )
    })
  }
})
