import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { cp, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { BuildResult } from '@kiln/factory'
import { fileDigest } from '@kiln/factory/resolve/digest'
import { removeTree } from '@kiln/factory/run/remove-tree'
import { buildExample, freshFolder, repository } from './harness.ts'

/**
 * The axes that cost a machine something: another user, fewer processors. Runs as root, since it makes that user; the
 * others (path, time zone, locale, umask, cache) are in reproducible.e2e.ts.
 */
describe('one lock gives the same bytes', () => {
  const user = 'kiln-e2e'
  const home = mkdtempSync(join(tmpdir(), 'kiln-user-'))
  const checkout = join(home, 'checkout of kiln')
  let expected: string

  before(async () => {
    const { iso } = await buildExample({ out: await freshFolder() })
    expected = await fileDigest(iso)
    succeed('useradd', ['--home-dir', home, '--shell', '/bin/sh', user])
    await mkdir(checkout)
    const skipped = new Set(['.git', 'dist'].map((name) => join(repository, name)))
    await cp(repository, checkout, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !skipped.has(path),
    })
    succeed('chown', ['--recursive', `${user}:`, home])
  })

  after(async () => {
    await removeTree(home)
    succeed('userdel', [user])
  })

  const build = (prefix: readonly string[]): string => {
    const args = [
      ...prefix,
      join(checkout, 'kiln'),
      'build',
      join(checkout, 'examples/debian'),
      '--json',
      '--frozen',
    ]
    const cache = mkdtempSync(join(home, 'cache-'))
    succeed('chown', [`${user}:`, cache])
    const options = ['--progress', 'none', '--cache', cache, '--out', join(cache, 'out')]
    const { stdout } = succeed('runuser', ['--user', user, '--', ...args, ...options])
    const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { readonly result: BuildResult }
    return last.result.images[0]?.artifacts[0]?.path ?? ''
  }

  test('for an ordinary user, in another folder', async () => {
    assert.equal(await fileDigest(build([])), expected)
  })

  test('with one processor', async () => {
    assert.equal(await fileDigest(build(['taskset', '--cpu-list', '0'])), expected)
  })

  test('in another time zone and locale, with another umask', async () => {
    const odd = ['env', 'TZ=Asia/Kathmandu', 'LC_ALL=tr_TR.UTF-8', 'sh', '-c', 'umask 077; exec "$@"', 'sh']
    assert.equal(await fileDigest(build(odd)), expected)
  })
})

function succeed(program: string, args: readonly string[]): { readonly stdout: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 })
  assert.equal(status, 0, `${program}: ${stderr}\n${stdout.slice(-2000)}`)
  return { stdout }
}
