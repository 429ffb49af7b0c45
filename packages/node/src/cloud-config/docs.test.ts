import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseFacts } from '@kiln/contract/cloud-config/facts'
import { moduleNames } from '@kiln/contract/cloud-config/schema/step'
import { nodeHost } from '../host/node.ts'
import { factsFromFile } from './plan/facts.ts'
import { nodeTemplates } from './plan/node-facts.ts'
import { planStage } from './plan/plan-stage.ts'
import { impossibleIn } from './plan/plan-view.ts'
import { stageSources } from './stage-sources.ts'

const read = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8')
const page = read('docs/stages.md')
const configs = [...page.matchAll(/^```yaml\n(#cloud-config\n.*?)^```$/gms)].map(([, text = '']) => text)

function factsOfExample() {
  const result = parseFacts(read('examples/facts/node.yaml'), 'node.yaml')
  if (!('document' in result)) throw new Error('the example of facts is wrong')
  return factsFromFile(result.document.value, nodeTemplates(nodeHost()))
}

test('docs: every cloud-config of the page can be planned', () => {
  assert.ok(configs.length >= 4)
  for (const text of configs) {
    const { sources, broken } = stageSources([{ kind: 'file', name: 'stages.md', text }])
    assert.deepEqual(broken, [])
    assert.deepEqual(impossibleIn(planStage(sources, 'boot', factsOfExample())), [])
  }
})

test('docs: the page shows every module', () => {
  const whole = configs.find((text) => text.includes('Every module')) ?? ''
  const missing = moduleNames.filter((name) => !whole.includes(`      ${name}:`))
  assert.deepEqual(missing, ['datasource'])
})
