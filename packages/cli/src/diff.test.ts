import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exitCodes } from '@kiln/contract'
import { formatLock } from '@kiln/factory/lock/file'
import type { Lock } from '@kiln/factory/lock/lock'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kiln-diff-'))
after(() => rmSync(folder, { recursive: true }))

function plantLock(file: string, version: string, hash: string): void {
  const lock: Lock = {
    schema: 'kiln.lock/v1',
    kiln: 'v0.1.0',
    sets: {
      'debian-13-core-amd64-generic/all': {
        request: { suite: 'trixie', arch: 'amd64', include: [], exclude: [] },
        archives: [],
        epoch: 1_757_152_800,
        packages: [
          {
            name: 'linux-image-amd64',
            version,
            architecture: 'amd64',
            sha256: hash.repeat(32),
            size: 1024,
            url: 'http://mirror.test/linux.deb',
          },
        ],
      },
    },
    bases: {},
  }
  writeFileSync(join(folder, file), formatLock(lock))
}
plantLock('old.lock', '6.12.1-1', 'ab')
plantLock('new.lock', '6.12.2-1', 'cd')

function kiln(...args: readonly string[]) {
  const env = { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1' }
  const ended = spawnSync(process.execPath, [main, ...args], { cwd: folder, env, encoding: 'utf8' })
  return [ended.status, ended.stdout, ended.stderr] as const
}

test('diff: two locks', () => {
  const set = 'debian-13-core-amd64-generic/all\n  linux-image-amd64  6.12.1-1  → 6.12.2-1\n'
  const sum = 'A build fetches 1 KiB of packages that the first lock does not name.\n'
  assert.deepEqual(kiln('diff', 'old.lock', 'new.lock'), [exitCodes.ok, `${set}\n${sum}`, ''])
})

test('diff: as data', () => {
  const [code, stdout] = kiln('diff', '--json', 'old.lock', 'old.lock')
  assert.equal(code, exitCodes.ok)
  assert.deepEqual(JSON.parse(stdout).result, { kind: 'lock', sets: [], bases: [], download: 0 })
})

test('diff: of what is not there', () => {
  const [code, stdout, stderr] = kiln('diff', 'old.lock', 'gone')
  assert.deepEqual([code, stdout], [exitCodes.config, ''])
  assert.match(stderr, /E-PAYLOAD-MISSING/)
})

test('changelog: two locks', () => {
  const text = '## Kernel and firmware\n\n- linux-image-amd64: 6.12.1-1 → 6.12.2-1\n'
  assert.deepEqual(kiln('changelog', 'old.lock', 'new.lock'), [exitCodes.ok, text, ''])
})
