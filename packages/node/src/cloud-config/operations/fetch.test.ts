import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { realActor } from '../../testkit/actors.ts'
import { webServer } from '../../testkit/web-server.ts'
import type { DownloadOperation, GitOperation } from './operation.ts'

const body = 'what is wanted\n'
const checksum = `sha256:${createHash('sha256').update(body).digest('hex')}`

function download(host: string, more: Partial<DownloadOperation> = {}): DownloadOperation {
  const request = { url: `http://${host}/file`, path: '/srv/deep/file', mode: 0o640, ownership: {} }
  return { kind: 'download', ...request, checksum: undefined, timeoutMs: undefined, ...more }
}

test('download: the file, its mode, and a warning where nothing vouches for it', async (t) => {
  const { host } = await webServer(t, { '/file': [{ body }] })
  const { act, folder, actor, warnings } = realActor(t)
  assert.deepEqual(act(download(host)), [])
  assert.equal(readFileSync(`${folder}/srv/deep/file`, 'utf8'), body)
  assert.equal(actor.host.stat(`${folder}/srv/deep/file`).mode, 0o640)
  assert.deepEqual(actor.host.list(`${folder}/srv/deep`), ['file'])
  assert.match(warnings[0] ?? '', /without encryption and without a checksum/)
})

test('download: what fits the checksum is not fetched again', async (t) => {
  const server = await webServer(t, { '/file': [{ body }] })
  const { act, warnings } = realActor(t)
  assert.deepEqual(act(download(server.host, { checksum })), [])
  assert.deepEqual(act(download(server.host, { checksum })), [])
  assert.equal(server.asked().length, 1)
  assert.deepEqual(warnings, [])
})

test('download: other bytes than the checksum says leave the old file', async (t) => {
  const { host } = await webServer(t, { '/file': [{ body: 'something else' }] })
  const { act, folder, actor } = realActor(t)
  mkdirSync(`${folder}/srv/deep`, { recursive: true })
  writeFileSync(`${folder}/srv/deep/file`, 'old')
  assert.match(act(download(host, { checksum }))[0] ?? '', /is sha256:[0-9a-f]{64}, not sha256:/)
  assert.equal(readFileSync(`${folder}/srv/deep/file`, 'utf8'), 'old')
  assert.deepEqual(actor.host.list(`${folder}/srv/deep`), ['file'])
})

test('download: a server that is busy is asked again, one that does not have it is not', async (t) => {
  const server = await webServer(t, { '/file': [{ status: 503 }, { body }], '/none': [{ status: 404 }] })
  const { act } = realActor(t)
  assert.deepEqual(act(download(server.host)), [])
  assert.match(act(download(server.host, { url: `http://${server.host}/none` }))[0] ?? '', /404/)
  assert.equal(server.asked().length, 3)
})

test('download: one that takes too long is ended', async (t) => {
  const { host } = await webServer(t, { '/file': [{ body, breakAfter: 3, hold: true }] })
  const { act } = realActor(t)
  assert.match(act(download(host, { timeoutMs: 700 }))[0] ?? '', /took longer than 1 s/)
})

test('keys: an address without encryption is refused', async (t) => {
  const { host } = await webServer(t, { '*': [{ body: 'ssh-rsa AA me\n' }] })
  const { act, folder } = realActor(t)
  mkdirSync(`${folder}/etc`)
  writeFileSync(`${folder}/etc/passwd`, 'ann:x:1000:1000::/home/ann:/bin/sh\n')
  assert.notDeepEqual(act({ kind: 'fetch-keys', user: 'ann', url: `http://${host}/ann.keys` }), [])
})

test('keys: a server that cannot prove who it is is not believed', async (t) => {
  const pair = join(realActor(t).folder, 'pair')
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=127.0.0.1',
      '-keyout',
      `${pair}.key`,
      '-out',
      `${pair}.crt`,
    ],
    { stdio: 'ignore' },
  )
  const tls = { key: readFileSync(`${pair}.key`, 'utf8'), cert: readFileSync(`${pair}.crt`, 'utf8') }
  const { host } = await webServer(t, { '*': [{ body: 'ssh-rsa AA me\n' }] }, tls)
  const { act, folder, actor } = realActor(t)
  mkdirSync(`${folder}/etc`)
  writeFileSync(`${folder}/etc/passwd`, 'ann:x:1000:1000::/home/ann:/bin/sh\n')
  assert.match(
    act({ kind: 'fetch-keys', user: 'ann', url: `https://${host}/ann.keys` })[0] ?? '',
    /certificate/,
  )
  assert.deepEqual(actor.host.list(`${folder}/run/kiln`), [])
})

const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.org', '-c', 'commit.gpgsign=false']

/** A repository with two commits on `main`. */
function repository(folder: string): string {
  const path = join(folder, 'origin')
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', path, ...identity, ...args], { stdio: 'ignore' })
  mkdirSync(path)
  git('init', '--initial-branch', 'main')
  writeFileSync(join(path, 'content'), 'of the branch\n')
  git('add', '.')
  git('commit', '--message', 'first')
  return path
}

/** What is there before: nothing, a folder that is no repository, an older clone. */
for (const [what, before] of [
  ['nothing', (_path: string, _origin: string) => {}],
  [
    'a folder with something else',
    (path: string) => {
      mkdirSync(path)
      writeFileSync(join(path, 'other'), '')
    },
  ],
  [
    'a clone that was changed',
    (path: string, origin: string) => {
      execFileSync('git', ['clone', '--quiet', origin, path])
      writeFileSync(join(path, 'content'), 'changed\n')
    },
  ],
] as const) {
  test(`git (Y30): over ${what}`, (t) => {
    const { act, folder } = realActor(t)
    const origin = repository(folder)
    before(join(folder, 'target'), origin)
    const operation: GitOperation = {
      kind: 'git',
      url: origin,
      path: '/target',
      branch: 'main',
      branchOnly: true,
      auth: {},
    }
    assert.deepEqual(act(operation), [])
    assert.deepEqual(act(operation), [])
    assert.equal(readFileSync(join(folder, 'target/content'), 'utf8'), 'of the branch\n')
  })
}

test('git: a branch that is not there is an error, and secrets are in no argument', (t) => {
  const calls: string[] = []
  const { actor, act, folder } = realActor(t)
  const origin = repository(folder)
  const { run } = actor.host
  Object.assign(actor.host, {
    run: (...args: Parameters<typeof run>) => {
      calls.push(args[0].join(' '))
      return run(...args)
    },
  })
  const auth = { username: 'me', password: 'geheim', private_key: 'KEY-TEXT' }
  assert.match(
    act({ kind: 'git', url: origin, path: '/t', branch: 'none', branchOnly: false, auth })[0] ?? '',
    /none/,
  )
  assert.doesNotMatch(calls.join('\n'), /geheim|KEY-TEXT/)
  assert.deepEqual(actor.host.list(`${folder}/run/kiln`), [])
})
