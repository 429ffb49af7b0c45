import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Requirement } from '@kiln/factory'
import { aptError, listsAreCurrent } from './apt.ts'
import { groupLines } from './commands/doctor.ts'
import { spaceVerdict, toolCheck } from './diagnosis.ts'
import { packagesOf } from './host-packages.ts'
import { cacheFolder } from './options.ts'

/** What the command line knows of the machine it runs on. */
const missing: Requirement = {
  name: 'ssh',
  package: 'openssh-client',
  why: 'looks into booted images',
  for: 'test',
  present: false,
}

test('a package is named once, with all its reasons', () => {
  const keygen = { ...missing, name: 'ssh-keygen', why: 'makes keys for tests' }
  assert.deepEqual(packagesOf([missing, keygen, missing]), [
    { name: 'openssh-client', why: 'looks into booted images, makes keys for tests' },
  ])
})

test('what apt says becomes an error that says what to do', () => {
  const cases = [
    ["E: Could not resolve 'mirror.example'", 'E-MIRROR-UNREACHABLE'],
    ['E: Failed to fetch http://mirror.example/x.deb  404', 'E-MIRROR-UNREACHABLE'],
    ["E: You don't have enough free space in /var/cache/apt/archives/.", 'E-DISK-FULL'],
    ['dpkg: error: dpkg frontend lock was locked by another process', 'E-TOOL-FAILED'],
  ] as const
  for (const [output, code] of cases) {
    const error = aptError('apt-get install', 100, output)
    assert.equal(error.code, code)
    assert.equal(error.output, output)
  }
})

test('package lists are current for a day after they were fetched', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-lists-'))
  try {
    const hour = 3_600_000
    const now = Date.now()
    assert.equal(listsAreCurrent(folder, now), false)
    assert.equal(listsAreCurrent(join(folder, 'gone'), now), false)
    mkdirSync(join(folder, 'partial'))
    writeFileSync(join(folder, 'mirror_dists_stable_InRelease'), '')
    utimesSync(join(folder, 'partial'), now / 1000, now / 1000)
    assert.equal(listsAreCurrent(folder, now + 23 * hour), true)
    assert.equal(listsAreCurrent(folder, now + 25 * hour), false)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a missing program stands in the way only where Kiln may not install it', () => {
  assert.equal(toolCheck({ ...missing, present: true }, 'none').status, 'ok')
  assert.equal(toolCheck(missing, 'root').status, 'installable')
  assert.equal(toolCheck(missing, 'sudo').status, 'installable')
  const check = toolCheck(missing, 'none')
  assert.equal(check.status, 'missing')
  assert.match(check.fix ?? '', /^as root: apt-get install .*openssh-client$/)
})

test('disk space: enough, little, too little', () => {
  const status = (gib: number) => spaceVerdict(gib * 1024 ** 3, '/cache').status
  assert.deepEqual([7, 4, 2].map(status), ['ok', 'poor', 'missing'])
})

test('doctor shows how to mend what is not there', () => {
  const checks = [toolCheck({ ...missing, present: true }, 'none'), toolCheck(missing, 'none')]
  assert.deepEqual(groupLines({ name: 'test', possible: false, checks }), [
    'test: not possible',
    '  ok          ssh  looks into booted images',
    '  missing     ssh  looks into booted images',
    '                   as root: apt-get install --yes --no-install-recommends openssh-client',
  ])
})

test('the cache: what is given, else the folder for caches, else the home', () => {
  assert.equal(cacheFolder('/given', { XDG_CACHE_HOME: '/xdg' }), '/given')
  assert.equal(cacheFolder(undefined, { XDG_CACHE_HOME: '/xdg', HOME: '/home/a' }), '/xdg/kiln')
  assert.equal(cacheFolder(undefined, { XDG_CACHE_HOME: '', HOME: '/home/a' }), '/home/a/.cache/kiln')
})
