import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GiB, KiB, MiB, parseSize, sizeText } from './bytes.ts'

const written: readonly (readonly [text: string, bytes: number | undefined])[] = [
  ['256MiB', 256 * MiB],
  ['256 MiB', 256 * MiB],
  ['1.5GiB', 1.5 * GiB],
  ['2TiB', 2048 * GiB],
  ['64KiB', 64 * KiB],
  ['0.001KiB', 2],
  ['256', undefined],
  ['256MB', undefined],
  ['256M', undefined],
  ['-1MiB', undefined],
  ['1e3MiB', undefined],
  ['1,5GiB', undefined],
  ['', undefined],
]
for (const [text, bytes] of written)
  test(`"${text}" is ${bytes ?? 'no size'}`, () => assert.equal(parseSize(text), bytes))

const shown: readonly (readonly [bytes: number, text: string])[] = [
  [0, '0 B'],
  [1023, '1023 B'],
  [16.5 * KiB, '16.5 KiB'],
  [256 * MiB, '256 MiB'],
  [232.4 * MiB, '232 MiB'],
  [1.61 * GiB, '1.6 GiB'],
  [5000 * GiB, '4.9 TiB'],
]
for (const [bytes, text] of shown)
  test(`${bytes} bytes are ${text}`, () => assert.equal(sizeText(bytes), text))
