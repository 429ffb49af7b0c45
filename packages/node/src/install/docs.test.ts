import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import { InstallConfig, refusedKeys, unusedKeys } from '@kiln/contract/cloud-config/schema/blocks/install'
import { knownKeys } from '@kiln/contract/schema-keys'
import { installUsage } from './options.ts'

/** The page for users and the program say the same. */
const page = readFileSync(new URL('../../../../docs/install.md', import.meta.url), 'utf8')

function section(title: string): string {
  return page.split(/^##+ /m).find((part) => part.startsWith(`${title}\n`)) ?? ''
}

function firstColumn(text: string): string[] {
  return [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, key = '']) => key)
}

function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, key = '']) => key)
}

test('docs: the table has the keys of install, and the lists those without effect', () => {
  const block = section('The block `install`')
  const special: readonly string[] = [...unusedKeys, ...refusedKeys]
  const keys = knownKeys(InstallConfig, []).filter((key) => !special.includes(key))
  assert.deepEqual(firstColumn(block).toSorted(), keys.toSorted())
  const [, unused = ''] = block.match(/without effect, which is said: ([\s\S]*?)\n\n/) ?? []
  const [, refused = ''] = block.match(/Known and refused,[^:]*: ([\s\S]*?)\n\n/) ?? []
  assert.deepEqual(quoted(unused), [...unusedKeys])
  assert.deepEqual(quoted(refused), [...refusedKeys])
})

test('docs: the table has the options of the command', () => {
  const options = [...installUsage.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, name = '']) => name)
  const documented = firstColumn(section('By command')).map((text) => text.split(' ')[0] ?? '')
  assert.deepEqual(documented, ['CLOUD-CONFIG', ...options])
})

test('docs: each cloud-config is one', () => {
  const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text)
  assert.equal(blocks.length, 2)
  for (const text of blocks) assert.equal(parseCloudConfig(text, 'install.md').kind, 'parsed')
})

test('docs: each line of progress is JSON', () => {
  const [, lines = ''] = page.match(/^```json\n(.*?)^```$/ms) ?? []
  for (const line of lines.trim().split('\n')) assert.ok(JSON.parse(line).event)
})
