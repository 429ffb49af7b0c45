import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseArguments } from './arguments.ts'

const known = { flags: ['--once', '-v'], values: ['--output', '-o'], words: 1 } as const

function read(...args: readonly string[]): string {
  const result = parseArguments(args, known)
  if (typeof result === 'string') return result
  return [[...result.flags].join(), JSON.stringify(result.values), result.words.join()].join(' ')
}

for (const [args, expected] of [
  [[], ' {} '],
  [['3', '--once'], '--once {} 3'],
  [['--output', 'a b', '-v'], '-v {"--output":"a b"} '],
  [['--output=x=y'], ' {"--output":"x=y"} '],
  [['-o', '-'], ' {"-o":"-"} '],
  [['--output'], '--output needs a value'],
  [['--other'], 'unknown option "--other"'],
  [['--once=1'], 'unknown option "--once=1"'],
  [['1', '2'], '"2" is too much'],
] as const) {
  test(`arguments: ${JSON.stringify(args)}`, () => assert.equal(read(...args), expected))
}
