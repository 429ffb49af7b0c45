import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { KilnEvent } from '@kiln/factory/events'
import { temporaryFolder } from '@kiln/factory/testkit/testkit'
import { lastFailures, recordFailures } from '../failures.ts'
import { textArchive } from './archive.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const secret = 'hunter2hunter2'

function unpacked(t: TestContext, archive: string): (name: string) => string {
  const folder = temporaryFolder(t)
  const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', folder], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
  return (name) => readFileSync(join(folder, 'kiln-support', name), 'utf8')
}

const failed = (step: string): KilnEvent[] => [
  { event: 'step-started', step, title: step },
  { event: 'step-output', step, line: `fetching https://me:${secret}@host.test/` },
  { event: 'step-failed', step, title: step, code: 'E-TOOL-FAILED', ms: 5 },
]

test('an archive is one that tar reads, whatever is in the files', (t) => {
  const files = [
    { name: 'a.txt', text: 'ä\n' },
    { name: 'b/empty.txt', text: '' },
    { name: 'b/block.txt', text: 'x'.repeat(512) },
    { name: 'large.txt', text: 'line\n'.repeat(100_000) },
  ]
  const archive = join(temporaryFolder(t), 'a.tar.gz')
  writeFileSync(archive, textArchive('kiln-support', files))
  const read = unpacked(t, archive)
  for (const { name, text } of files) assert.equal(read(name), text)
  assert.throws(() => textArchive('x', [{ name: 'n'.repeat(200), text: '' }]), RangeError)
})

test('failures are kept with what was said, without passwords, and not for ever', (t) => {
  const cache = temporaryFolder(t)
  const seen: KilnEvent[] = []
  const emit = recordFailures(cache, (event) => seen.push(event))
  for (let index = 0; index < 25; index++) for (const event of failed(`image/step ${index}`)) emit(event)
  assert.equal(seen.length, 75)
  const failures = lastFailures(cache)
  assert.equal(failures.length, 20)
  assert.ok(readdirSync(join(cache, 'logs')).every((name) => /^[\w.-]+\.json$/.test(name)))
  const { step, code, lines } = failures[0] ?? {}
  assert.deepEqual([step, code], ['image/step 24', 'E-TOOL-FAILED'])
  assert.deepEqual(lines, ['fetching https://[redacted]@host.test/'])
})

test('an interrupt is no failure to keep, and a cache that cannot be written no reason to fail', (t) => {
  const cache = temporaryFolder(t)
  const interrupted = { event: 'step-failed', step: 'a', title: 'a', code: 'E-INTERRUPTED', ms: 1 } as const
  recordFailures(cache, () => {})(interrupted)
  assert.deepEqual(lastFailures(cache), [])
  writeFileSync(join(cache, 'file'), '')
  const emit = recordFailures(join(cache, 'file'), () => {})
  for (const event of failed('a')) emit(event)
})

test('a support bundle says what is in it, and has no secret', { timeout: 60_000 }, (t) => {
  const folder = temporaryFolder(t)
  const cache = join(folder, 'cache')
  mkdirSync(cache)
  const emit = recordFailures(cache, () => {})
  for (const event of failed('toolchain')) emit(event)
  // A wrong definition: nothing is asked of the network, and it is in the bundle all the same.
  writeFileSync(
    join(folder, 'kiln.yaml'),
    `# ${secret}\nname: sample\nmirror: http://me:${secret}@host.test/\ntoken: ${secret}\n`,
  )
  const args = ['support-bundle', '.', '--out', 'out.tar.gz', '--cache', 'cache']
  const ended = spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8' })
  assert.equal(ended.status, 0, ended.stderr)
  assert.equal(ended.stdout, 'out.tar.gz\n')
  for (const name of [
    'versions.txt',
    'doctor.txt',
    'plan.txt',
    'definition/0-kiln.yaml',
    'failures/00-toolchain.txt',
  ])
    assert.ok(ended.stderr.includes(name), name)
  assert.equal(statSync(join(folder, 'out.tar.gz')).mode & 0o777, 0o600)
  const read = unpacked(t, join(folder, 'out.tar.gz'))
  assert.match(read('versions.txt'), /^kiln \d/)
  assert.match(read('plan.txt'), /^not available: E-CONFIG-/)
  assert.match(
    read('failures/00-toolchain.txt'),
    /^E-TOOL-FAILED in toolchain.*\n\nfetching https:\/\/\[redacted\]@host/,
  )
  assert.match(read('definition/0-kiln.yaml'), /^name: sample\n/)
  for (const name of ['definition/0-kiln.yaml', 'failures/00-toolchain.txt', 'plan.txt', 'doctor.txt'])
    assert.ok(!read(name).includes(secret), name)
  assert.ok(existsSync(join(folder, 'out.tar.gz')))
})
