import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { StreamLine } from '@kiln/factory/event-stream'
import { fakeBuild, fakeStep } from '@kiln/factory/testkit/fake-build'
import { temporaryFolder } from '@kiln/factory/testkit/testkit'
import { objectLines, sizeLines, table } from './cache-view.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

/** A cache with three results, and the command line on it. */
async function filled(t: TestContext) {
  const folder = temporaryFolder(t)
  const build = fakeBuild(folder, async ({ id }, { out }) => {
    writeFileSync(join(out, 'made'), id.repeat(100))
    return {}
  })
  const { results } = await build.run([fakeStep('toolchain'), fakeStep('base'), fakeStep('iso')])
  await build.store.close()
  const kiln = (...args: readonly string[]) => {
    const command = [main, 'cache', ...args, '--cache', folder]
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
    return { code: status, stdout, stderr }
  }
  const json = (...args: readonly string[]) => {
    const { stdout, ...rest } = kiln(...args, '--json')
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>
    return { ...rest, ...last } as unknown as {
      code: number
      result: { objects: { kind: string }[]; total: number; removed: unknown[]; dryRun: boolean }
      error?: { code: string; findings: unknown[] }
    }
  }
  return { folder, results, kiln, json, objects: () => readdirSync(join(folder, 'objects')).length }
}

test('list and size', async (t) => {
  const { kiln, json } = await filled(t)
  const { stdout, code } = kiln('list')
  assert.equal(code, 0)
  assert.match(stdout, /^KEY +KIND +SIZE +MADE +LAST USED +STEP\n([0-9a-f]{12} .*\n){3}$/)
  const kinds = json('list').result.objects.map(({ kind }) => kind)
  assert.deepEqual(kinds.toSorted(), ['base', 'iso', 'toolchain'])
  const bytes = 100 * 'toolchainbaseiso'.length
  assert.equal(json('size').result.total, bytes)
  assert.match(kiln('size').stdout, /^KIND +OBJECTS +SIZE\ntoolchain +1 +900 B\n/)
})

test('a cache that is not there is empty', (t) => {
  const missing = join(temporaryFolder(t), 'cache')
  const { status, stdout } = spawnSync(process.execPath, [main, 'cache', 'list', '--cache', missing], {
    encoding: 'utf8',
  })
  assert.deepEqual([status, stdout.split('\n').length], [0, 2])
  assert.ok(!existsSync(missing))
})

test('verify says what is damaged, and repairs it where it is told to', async (t) => {
  const { kiln, json, results, objects } = await filled(t)
  assert.deepEqual([kiln('verify').code, kiln('verify').stdout], [0, '3 results intact\n'])
  writeFileSync(join(results.get('iso')?.folder ?? '', 'made'), 'damage')
  const found = kiln('verify')
  assert.equal(found.code, 5)
  assert.match(found.stderr, /^error E-CACHE-CORRUPT: .* \(title of iso\) does not have its digest$/m)
  assert.equal(json('verify').error?.code, 'E-CACHE-CORRUPT')
  assert.equal(objects(), 3)
  const repaired = kiln('verify', '--repair')
  assert.equal(repaired.code, 0)
  assert.match(repaired.stdout, /^damaged, removed .*\n2 results intact\n$/)
  assert.equal(objects(), 2)
})

test('every line of --json fits the schema, and they are numbered', async (t) => {
  const { kiln, results } = await filled(t)
  writeFileSync(join(results.get('iso')?.folder ?? '', 'made'), 'damage')
  for (const args of [['verify'], ['list'], ['prune'], ['prune', '--wrong']]) {
    const lines = kiln(...args, '--json')
      .stdout.trimEnd()
      .split('\n')
    const parsed = lines.map((line) => StreamLine.parse(JSON.parse(line)))
    assert.deepEqual(
      parsed.map(({ seq }) => seq),
      lines.map((_, index) => index + 1),
    )
  }
})

test('prune wants to know what, can only say so, and then removes', async (t) => {
  const { kiln, json, objects, results } = await filled(t)
  for (const [index, id] of ['base', 'iso', 'toolchain'].entries()) {
    const used = new Date(Date.now() - 60_000 + 1000 * index)
    utimesSync(join(results.get(id)?.folder ?? '', '../used'), used, used)
  }
  const aimless = kiln('prune')
  assert.deepEqual([aimless.code, /--older-than 30d/.test(aimless.stderr)], [2, true])
  const { result } = json('prune', '--all', '--dry-run')
  assert.deepEqual([result.removed.length, result.dryRun, objects()], [3, true, 3])
  assert.match(kiln('prune', '--older-than', '1h').stdout, /^removed 0 results, 0 B\n$/)
  assert.match(kiln('prune', '--keep-size', '1000').stdout, /removed 2 results, /)
  assert.match(kiln('prune', '--all').stdout, /removed 1 result, /)
  assert.equal(objects(), 0)
})

for (const [args, message] of [
  [['prune', '--older-than', 'long'], /such as 90m, 12h, 30d or 2w/],
  [['prune', '--keep-size', '10X'], /such as 500M or 10G/],
  [['prnue'], /unknown command 'prnue'/],
] as const) {
  test(`cache ${args.join(' ')} is a mistake in usage`, () => {
    const { status, stderr } = spawnSync(process.execPath, [main, 'cache', ...args], { encoding: 'utf8' })
    assert.equal(status, 2)
    assert.match(stderr, message)
  })
}

test('tables have columns, and no blanks at the end', () => {
  assert.deepEqual(
    table([
      ['A', 'BB'],
      ['long', ''],
    ]),
    ['A     BB', 'long'],
  )
  assert.deepEqual(objectLines([]), ['KEY  KIND  SIZE  MADE  LAST USED  STEP'])
  const others = [{ name: 'pool', bytes: 1024 }]
  assert.deepEqual(sizeLines({ total: 1024, kinds: [], others }), [
    'KIND   OBJECTS  SIZE',
    'pool/           1.0 KiB',
    'total           1.0 KiB',
  ])
})
