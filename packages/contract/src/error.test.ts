import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, errorFacts } from './codes.ts'
import { errorFromFindings, formatPlace, isKilnError, KilnError } from './error.ts'
import { exitCodes } from './exit.ts'

test('every code has a form that can be searched for, and a title without a full stop', () => {
  for (const [code, { title }] of Object.entries(errorFacts)) {
    assert.match(code, /^E(-[A-Z]+)+$/)
    assert.match(title, /^\S.*[^.]$/)
  }
})

test('every code leads to an exit code that is no success', () => {
  for (const code of Object.keys(errorFacts) as ErrorCode[]) {
    const { exitCode } = new KilnError(code, 'x')
    assert.ok(exitCode > 0 && Object.values(exitCodes).some((known) => known === exitCode))
  }
})

test('exit codes are all different', () => {
  const values = Object.values(exitCodes)
  assert.equal(new Set(values).size, values.length)
})

test('the first finding speaks for all', () => {
  const place = { file: 'a', line: 1, column: 2 }
  const error = errorFromFindings([
    { code: 'E-CONFIG-SYNTAX', message: 'one', place, hint: 'mend it' },
    { code: 'E-DISTRO-UNKNOWN', message: 'two' },
  ])
  assert.equal(error.code, 'E-CONFIG-SYNTAX')
  assert.equal(error.message, 'one')
  assert.equal(error.hint, 'mend it')
  assert.deepEqual(error.place, place)
  assert.equal(error.findings.length, 2)
})

test('only a KilnError is one', () => {
  assert.ok(isKilnError(new KilnError('E-USAGE', 'x')))
  for (const other of [new Error('x'), undefined, null, 'E-USAGE', {}]) assert.ok(!isKilnError(other))
})

test('formatPlace leaves out what is not known', () => {
  assert.equal(formatPlace({ file: 'a.yaml', line: 3, column: 7 }), 'a.yaml:3:7')
  assert.equal(formatPlace({ file: 'a.yaml', line: 3 }), 'a.yaml:3')
  assert.equal(formatPlace({ file: 'a.yaml' }), 'a.yaml')
})
