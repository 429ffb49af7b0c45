import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parameter, parseBootParameters, splitCommandLine } from './cmdline.ts'

const splits: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['', []],
  ['  a   b\tc\n', ['a', 'b', 'c']],
  ['kairos.config=hostname="my box"', ['kairos.config=hostname=my box']],
  ['config_url="foo bar" baz.bar=""', ['config_url=foo bar', 'baz.bar=']],
  ['"a b"c d', ['a bc', 'd']],
  ['a="b c', ['a=b c']],
  ['""', ['']],
]

for (const [line, words] of splits) {
  test(`command line: words of ${JSON.stringify(line)}`, () =>
    assert.deepEqual(splitCommandLine(line), words))
}

test('command line: the last value wins, a bare word is empty, a longer key is another one', () => {
  const words = splitCommandLine('test/key=value1 rd.immucore.debug empty= a=1 a=2 ab=3')
  assert.equal(parameter(words, 'test/key'), 'value1')
  assert.equal(parameter(words, 'rd.immucore.debug'), '')
  assert.equal(parameter(words, 'empty'), '')
  assert.equal(parameter(words, 'a'), '2')
  assert.equal(parameter(words, 'rd.immucore'), undefined)
})

const live = { kind: 'live', label: 'COS_LIVE' } as const
const sources: readonly (readonly [line: string, expected: unknown])[] = [
  ['root=live:CDLABEL=COS_LIVE', live],
  ['root=live:LABEL=COS_LIVE', live],
  ['root=live:UUID=1', undefined],
  ['root=live:LABEL=', undefined],
  ['root=LABEL=COS_ACTIVE ro', undefined],
  ['root=/dev/vda1 ro quiet', undefined],
  ['kiln.slot=abc', { kind: 'slot', slot: 'abc' }],
  ['kiln.slot=abc root=live:LABEL=COS_LIVE', { kind: 'slot', slot: 'abc' }],
  ['kiln.slot= root=live:LABEL=COS_LIVE', live],
]

for (const [line, expected] of sources) {
  test(`command line: root of ${line}`, () => assert.deepEqual(parseBootParameters(line).source, expected))
}

const hash = '0123456789abcdef'.repeat(4)

test('command line: without a word about the root, the slot has the name of the root hash', () => {
  const source = (line: string) => parseBootParameters(`kiln.roothash=${hash} ${line}`).source
  assert.deepEqual(source('quiet'), { kind: 'slot', slot: hash })
  assert.deepEqual(source('kiln.slot=other'), { kind: 'slot', slot: 'other' })
  assert.deepEqual(source('root=live:CDLABEL=COS_LIVE'), live)
  assert.equal(source('root=/dev/sda1'), undefined)
  assert.equal(parseBootParameters('quiet').source, undefined)
})

test('command line: the entry, where the loader says it', () => {
  assert.equal(parseBootParameters('kiln.entry=kiln-5').entry, 'kiln-5')
  assert.equal(parseBootParameters('kiln.entry=').entry, undefined)
})

test('command line: a root hash is 64 lower-case hex digits or none', () => {
  assert.equal(parseBootParameters(`kiln.roothash=${hash}`).rootHash, hash)
  for (const bad of ['', hash.slice(1), `${hash}0`, hash.toUpperCase(), `${hash.slice(1)}g`]) {
    assert.equal(parseBootParameters(`kiln.roothash=${bad}`).rootHash, undefined, bad)
  }
})

test('command line: a hash offset is a positive whole number or none', () => {
  assert.equal(parseBootParameters('kiln.hashoffset=4096').hashOffset, 4096)
  for (const bad of ['', '0', '-1', '1.5', 'x', '1e99']) {
    assert.equal(parseBootParameters(`kiln.hashoffset=${bad}`).hashOffset, undefined, bad)
  }
})

test('command line: the watchdog has whole seconds, and 180 of them unless told otherwise', () => {
  assert.equal(parseBootParameters('kiln.watchdog=40').watchdogSeconds, 40)
  assert.equal(parseBootParameters('kiln.watchdog=0').watchdogSeconds, 0)
  for (const bad of ['', 'kiln.watchdog', 'kiln.watchdog=-1', 'kiln.watchdog=1.5', 'kiln.watchdog=10000']) {
    assert.equal(parseBootParameters(bad).watchdogSeconds, 180, bad)
  }
})

test('command line: switches', () => {
  assert.equal(parseBootParameters('').rescueShell, false)
  assert.equal(parseBootParameters('').verifyAhead, true)
  assert.equal(parseBootParameters('kiln.verify=lazy').verifyAhead, false)
  for (const on of ['rd.shell', 'rd.shell=1']) assert.equal(parseBootParameters(on).rescueShell, true, on)
  for (const off of ['rd.shell=0', 'rd.shell=1 rd.shell=no']) {
    assert.equal(parseBootParameters(off).rescueShell, false, off)
  }
  assert.equal(parseBootParameters('rd.kiln.debug quiet').debug, true)
})
