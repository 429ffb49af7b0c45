import assert from 'node:assert/strict'
import { test } from 'node:test'
import { descriptions } from './descriptions.ts'
import { cloudConfigJsonSchema, keysOf } from './json-schema.ts'
import { noEffect } from './no-effect.ts'
import { stageNames } from './schema/stage-names.ts'
import { stepDescriptions } from './step-descriptions.ts'

const schema = cloudConfigJsonSchema()
const { step = {}, user = {} } = schema.$defs ?? {}
const keys = keysOf(schema, '').filter(({ path }) => !path.startsWith('stages.'))
const paths = keys.map(({ path }) => path)

test('cloud-config schema: every key says what it means', () => {
  const silent = [...keys, ...keysOf(step, ''), ...keysOf(user, '')].filter(
    ({ schema: { description } }) => !description,
  )
  assert.deepEqual(
    silent.map(({ path }) => path),
    [],
  )
})

test('cloud-config schema: what is described, and what has no effect, is there', () => {
  const exact = Object.keys(descriptions).filter((path) => !path.includes('*') || path.startsWith('kiln.'))
  assert.deepEqual(
    exact.filter((path) => !paths.includes(path)),
    [],
  )
  const stages = stageNames.map((name) => `stages.${name}`)
  const silent = noEffect
    .map((path) => path.replace('.*', '[]'))
    .filter((path) => ![...paths, ...stages].includes(path))
  assert.deepEqual(silent, [])
  const inStep = keysOf(step, '').map(({ path }) => path)
  const stale = Object.keys(stepDescriptions).filter((path) => !path.includes('*') && !inStep.includes(path))
  assert.deepEqual(stale, [])
})

test('cloud-config schema: closed, but for what is free', () => {
  assert.equal(schema.additionalProperties, false)
  assert.deepEqual(Object.keys(schema.patternProperties ?? {}), ['^x-'])
  assert.equal(step.additionalProperties, false)
  assert.deepEqual(Object.keys(schema.properties?.stages?.properties ?? {}), [...stageNames])
})
