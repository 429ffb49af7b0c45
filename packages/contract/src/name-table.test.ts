import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseName, printName } from './name-parse.ts'

/** Names as they stand in registries and on pages of releases, with what each part of them is. */
const [head = '', ...rows] = readFileSync(new URL('testkit/names.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
const columns = head.split('\t')
const cases = rows.map((row) => {
  const cells = row.split('\t')
  return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']))
})

test('the table has names enough', () => assert.ok(cases.length >= 400, `${cases.length}`))

for (const { name = '', ...expected } of cases) {
  test(name, () => {
    const parsed = parseName(name)
    const { image } = parsed
    assert.deepEqual(
      {
        kind: parsed.kind,
        flavor: image.flavor,
        release: image.flavorRelease,
        variant: image.variant,
        arch: image.arch,
        device: image.device,
        version: image.version,
        kubernetes: image.kubernetes?.distribution ?? '',
        kubernetesVersion: image.kubernetes?.version ?? '',
        ending: parsed.ending,
        companions: parsed.companions.join(''),
      },
      expected,
    )
    assert.equal(printName(parsed), name)
  })
}
