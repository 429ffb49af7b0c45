import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { collect } from './collect.ts'

/** The examples: good ones of which nothing is to be said, and broken ones that name what is wrong with them, and where. */
const folder = new URL('../../../../examples/cloud-configs/', import.meta.url)

function collected(path: string) {
  const text = readFileSync(new URL(path, folder), 'utf8')
  return { text, result: collect([{ kind: 'file', name: path, text }]) }
}

function namesIn(part: string): string[] {
  return readdirSync(new URL(part, folder)).map((name) => `${part}/${name}`)
}

for (const path of namesIn('valid')) {
  test(`examples: ${path} is good`, () => {
    const { errors, warnings, sources } = collected(path).result
    assert.deepEqual(
      sources.map(({ outcome }) => outcome),
      ['merged'],
    )
    assert.deepEqual([errors, warnings.filter(({ code }) => code !== 'W-NO-EFFECT')], [[], []])
  })
}

for (const path of namesIn('broken')) {
  test(`examples: ${path} is told what is wrong with it`, () => {
    const { text, result } = collected(path)
    const expected = [...text.matchAll(/^# expected: (\d+) (\S+) ?(.*)$/gm)]
    const told = result.errors.map(
      ({ code, message, place, hint = '' }) => `${place?.line} ${code} ${message} ${hint}`,
    )
    if (expected[0]?.[2] === 'no-header') {
      assert.deepEqual(
        result.sources.map(({ outcome }) => outcome),
        ['no-header'],
      )
      return
    }
    assert.equal(told.length, expected.length, told.join('\n'))
    for (const [index, [, line = '', code = '', words = '']] of expected.entries()) {
      const one = told[index] ?? ''
      assert.ok(
        one.startsWith(`${line} ${code}`) && one.includes(words),
        `${one}\nexpected: ${line} ${code} ${words}`,
      )
    }
  })
}

test('examples: there are as many as promised', () => {
  assert.ok(namesIn('valid').length >= 60 && namesIn('broken').length >= 60)
})
