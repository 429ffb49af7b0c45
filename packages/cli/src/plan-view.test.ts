import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKilnError } from '@kiln/contract'
import { explainLines, findStep, isUpToDate, type PlannedStepData, planLines } from './plan-view.ts'

const step = (
  id: string,
  prospect: PlannedStepData['prospect'],
  more: Partial<PlannedStepData> = {},
): PlannedStepData => ({
  id,
  kind: id.split('/').at(-1) ?? id,
  title: `the ${id}`,
  prospect,
  needs: [],
  ...more,
})

const comparedWith = { step: 'one/packages', made: '2026-01-01T00:00:00.000Z' }
const differences = [
  { field: 'params.install', change: '+ htop' },
  { field: 'version', change: '1 → 2' },
]
const steps = [
  step('base', 'cached', { key: 'abc' }),
  step('one/packages', 'new', { comparedWith, differences }),
  step('agent', 'new'),
  step('lost', 'new', { comparedWith, differences: [] }),
  step('custom', 'always'),
  step('one/iso', 'unknown', { needs: ['one/packages', 'base', 'custom'] }),
]

test('a plan: a line for each step with its reason, and a sum', () => {
  assert.deepEqual(planLines(steps), [
    'cached   the base',
    'build    the one/packages  params.install: + htop (and 1 more)',
    'build    the agent         never built before',
    'build    the lost          its result is no longer in the cache',
    'always   the custom        not everything that decides it is tracked',
    'after    the one/iso       built if the one/packages, the custom made something new',
    '4 to build, 1 that depend on these, 1 cached',
  ])
  assert.equal(isUpToDate(steps), false)
})

test('a plan with nothing to do says so', () => {
  const cached = steps.slice(0, 1)
  assert.equal(planLines(cached).at(-1), 'nothing to build: all 1 step are cached')
  assert.equal(isUpToDate(cached), true)
})

test('a step is explained with all its differences', () => {
  const lines = (id: string) => explainLines(findStep(id, steps), steps)
  assert.deepEqual(lines('packages'), [
    'one/packages: build',
    '  since 2026-01-01T00:00:00.000Z:',
    '    params.install: + htop',
    '    version: 1 → 2',
  ])
  assert.deepEqual(lines('agent'), ['agent: build', '  never built before'])
  assert.deepEqual(lines('base'), ['base: cached', '  key abc'])
})

test('a step is found by id, end of id, kind or title; a wrong word gets a hint', () => {
  for (const word of ['one/iso', 'iso', 'the one/iso']) assert.equal(findStep(word, steps).id, 'one/iso')
  const error = (word: string, among = steps) => {
    try {
      findStep(word, among)
    } catch (thrown) {
      if (isKilnError(thrown)) return `${thrown.code} ${thrown.hint}`
    }
    return 'found'
  }
  assert.equal(error('packges'), 'E-USAGE did you mean "packages"?')
  assert.equal(error('iso', [...steps, step('two/iso', 'new')]), 'E-USAGE one/iso, two/iso')
})
