import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseCloudConfig } from '@kiln/contract/cloud-config/parse'
import { HealthConfig } from '@kiln/contract/cloud-config/schema/blocks/health'
import { knownKeys } from '@kiln/contract/schema-keys'
import { agentErrors } from '../agent-error.ts'
import { main } from '../main.ts'
import { rootedHost } from '../testkit/rooted-host.ts'

/** The pages for users and the program say the same. */
const page = (name: string) => readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8')
const node = page('node.md')
const kairosAgent = page('kairos-agent.md')

function section(text: string, title: string): string {
  return text.split(/^##? /m).find((part) => part.startsWith(title)) ?? ''
}

/** Cells of a table's rows, without the header. */
function rows(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('| '))
  return lines
    .filter((line) => !/^\| -/.test(line))
    .slice(1)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
}

const code = (cell: string | undefined) => cell?.match(/^`([^`]+)`/)?.[1] ?? ''

test('docs: the table of errors is that of the program', () => {
  const documented = rows(section(node, 'Errors')).map(([reason, title]) => [code(reason), title])
  const own = Object.entries(agentErrors).map(([reason, { title }]) => [reason, title])
  assert.deepEqual(documented, own)
})

test('docs: the table of health has its keys, and the example is a cloud-config', () => {
  const text = section(node, 'Health')
  assert.deepEqual(
    rows(text)
      .map(([key]) => code(key))
      .toSorted(),
    knownKeys(HealthConfig, []).toSorted(),
  )
  const [, example = ''] = text.match(/^```yaml\n(.*?)^```$/ms) ?? []
  const result = parseCloudConfig(example, 'node.md')
  assert.equal(result.kind, 'parsed')
  const health = result.kind === 'parsed' ? result.document.value.kiln?.health : undefined
  assert.deepEqual(Object.keys(health ?? {}).toSorted(), knownKeys(HealthConfig, []).toSorted())
})

for (const [verb, here] of rows(section(kairosAgent, '`kairos-agent`'))) {
  test(`docs: ${verb} is there: ${here}`, (context) => {
    const { host, output } = rootedHost(context)
    main({ ...host, args: [...code(verb).split(' '), '--help'] })
    const isUnknown = output.join('').startsWith('kiln-agent: unknown command')
    assert.equal(isUnknown ? 'no' : 'yes', here)
  })
}
