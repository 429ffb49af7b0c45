import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { playedActor, realActor } from '../../testkit/actors.ts'
import { withKeys } from './authorized-keys.ts'
import { hostsWith } from './hostname.ts'
import type { FileOperation } from './operation.ts'

function file(path: string, more: Partial<FileOperation> = {}): FileOperation {
  return { kind: 'file', path, content: '', encoding: 'plain', mode: 0o644, ownership: {}, ...more }
}

test('files: owners by name, by number and as one text', (t) => {
  const accounts = { '/etc/passwd': 'ann:x:1000:1001::/:/bin/sh\n', '/etc/group': 'staff:x:50:\n' }
  const { calls, act } = playedActor(t, { ...accounts, '/x/y': '' })
  for (const [path, ownership] of [
    ['/x/a', { ownerstring: 'ann:staff' }],
    ['/x/b', { owner: 'ann' }],
    ['/x/c', { owner: 7, group: 8 }],
    ['/x/d', { group: 'staff' }],
  ] as const) {
    assert.deepEqual(act(file(path, { ownership })), [])
  }
  assert.deepEqual(calls, ['chown 1000:50 /x/a', 'chown 1000:1001 /x/b', 'chown 7:8 /x/c', 'chown 0:50 /x/d'])
})

test('files: an unknown owner leaves no file', (t) => {
  const { host, act } = playedActor(t, { '/x/y': '' })
  assert.deepEqual(act(file('/x/a', { ownership: { owner: 'nobody-here' } })), [
    'there is no user nobody-here',
  ])
  assert.deepEqual(host.list('/x'), ['y'])
})

test('files: base64, and packed base64 with the real gzip', (t) => {
  const bytes = Uint8Array.from({ length: 300 }, (_, index) => index % 256)
  const { folder, act, actor } = realActor(t)
  const files = [
    file('/b64', { encoding: 'base64', content: Buffer.from(bytes).toString('base64') }),
    file('/gz', { encoding: 'gzip+base64', content: gzipSync(bytes).toString('base64') }),
  ]
  for (const each of files) {
    assert.deepEqual(act(each), [])
    assert.deepEqual([...actor.host.readBytes(folder + each.path, 0, 999)], [...bytes])
  }
  assert.deepEqual(actor.host.list(`${folder}/run/kiln`), [])
  assert.match(act(file('/x', { encoding: 'base64', content: '###' }))[0] ?? '', /not base64/)
  assert.match(act(file('/x', { encoding: 'gzip+base64', content: 'aGk=' }))[0] ?? '', /not gzip/)
})

const hostsCases: readonly (readonly [hosts: string, previous: string | undefined, expected: string])[] = [
  ['', undefined, '127.0.0.1 localhost new\n'],
  [
    '# top\n127.0.0.1\tlocalhost old alias # x\n::1 localhost\n',
    'old',
    '# top\n127.0.0.1 localhost new alias\n::1 localhost\n',
  ],
  ['::1 localhost', undefined, '127.0.0.1 localhost new\n::1 localhost\n'],
  ['127.0.0.1 localhost new\n', 'new', '127.0.0.1 localhost new\n'],
]

for (const [hosts, previous, expected] of hostsCases) {
  test(`hostname: hosts ${JSON.stringify(hosts)}`, () =>
    assert.equal(hostsWith(hosts, 'new', previous), expected))
}

test('authorized_keys: each key once, what is there stays', () => {
  assert.equal(withKeys('a 1\nb 2', ['b 2', 'c 3', 'c 3']), 'a 1\nb 2\nc 3\n')
})

test('authorized_keys: a user that is not there is an error', (t) => {
  const { act } = playedActor(t)
  assert.deepEqual(act({ kind: 'keys', user: 'zoe', keys: ['k 1'] }), ['there is no user zoe'])
})

test('users: ids are noted on the persistent partition, and found again when /etc is new', (t) => {
  const image = {
    '/etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
    '/etc/group': 'root:x:0:\n',
    '/etc/shadow': '',
  }
  const { host, act } = playedActor(t, image)
  act({ kind: 'user', user: { name: 'first' } })
  act({ kind: 'user', user: { name: 'second', groups: ['admin'] } })
  assert.equal(host.stat('/usr/local/.kiln/accounts.json').mode, 0o600)
  for (const [path, text] of Object.entries(image)) host.write(path, text)
  act({ kind: 'user', user: { name: 'between' } })
  act({ kind: 'user', user: { name: 'second', groups: ['admin'] } })
  assert.match(host.readText('/etc/passwd'), /^between:x:1002:1002:/m)
  assert.match(host.readText('/etc/passwd'), /^second:x:1001:1001:/m)
  assert.match(host.readText('/etc/group'), /^admin:x:999:second$/m)
})

test('users: a ledger that is broken is told, and no user is lost', (t) => {
  const { act, warnings, host } = playedActor(t, {
    '/usr/local/.kiln/accounts.json': '{"users": 3}',
    '/etc/passwd': '',
  })
  assert.deepEqual(act({ kind: 'user', user: { name: 'ann' } }), [])
  assert.match(warnings[0] ?? '', /accounts.json cannot be read/)
  assert.match(host.readText('/etc/passwd'), /^ann:x:1000/m)
})
