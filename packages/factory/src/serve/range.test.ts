import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rangeOf } from './range.ts'

for (const [header, size, expected] of [
  [undefined, 10, 'whole'],
  ['bytes=0-', 10, { start: 0, end: 10 }],
  ['bytes=3-5', 10, { start: 3, end: 6 }],
  ['bytes=3-99', 10, { start: 3, end: 10 }],
  ['bytes=-4', 10, { start: 6, end: 10 }],
  ['bytes=-99', 10, { start: 0, end: 10 }],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=5-3', 10, 'whole'],
  ['bytes=0-1,4-5', 10, 'whole'],
  ['bytes=-', 10, 'whole'],
  ['lines=1-2', 10, 'whole'],
] as const) {
  test(`${header} of ${size} bytes`, () => assert.deepEqual(rangeOf(header, size), expected))
}
