import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import { RegistryConfig } from '@kiln/contract/cloud-config/schema/blocks/registries'
import { unusedKeys } from '@kiln/contract/cloud-config/schema/blocks/upgrade'
import { knownKeys } from '@kiln/contract/schema-keys'
import { sourceFacts } from '../source/error.ts'
import { phases } from './step.ts'
import { upgradeCommand } from './verb.ts'

/** The page for users and the program say the same. */
const page = readFileSync(new URL('../../../../docs/upgrade.md', import.meta.url), 'utf8')

function section(title: string): string {
  return page.split(/^##+ /m).find((part) => part.startsWith(`${title}\n`)) ?? ''
}

function firstColumn(text: string): string[] {
  return [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, key = '']) => key)
}

test('docs: the tables have the phases and the options of the command', () => {
  const options = [...upgradeCommand.usage.matchAll(/^ {2}(--[\w-]+|REF)/gm)].map(([, name = '']) => name)
  const documented = firstColumn(section('Upgrade a node')).map((text) => text.split(' ')[0] ?? '')
  assert.deepEqual(documented, [...phases, ...options])
})

test('docs: the table has the settings of a registry, and the keys without effect are named', () => {
  const text = section('Registries of a node')
  assert.deepEqual(firstColumn(text), knownKeys(RegistryConfig, []))
  const [, unused = ''] = text.match(/Known and without effect: ([\s\S]*?)\. Hooks/) ?? []
  assert.deepEqual(
    [...unused.matchAll(/`([^`]+)`/g)].map(([, key]) => key),
    [...unusedKeys],
  )
})

test('docs: the table has all reasons of a source', () => {
  assert.deepEqual(firstColumn(section('What can be wrong')), Object.keys(sourceFacts))
})

test('docs: the cloud-config is one', () => {
  const [, text = ''] = page.match(/^```yaml\n(.*?)^```$/ms) ?? []
  assert.equal(parseCloudConfig(text, 'upgrade.md').kind, 'parsed')
})
