import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { nodeHost } from '../../host/node.ts'
import { rootedHost } from '../../testkit/rooted-host.ts'
import type { Action } from '../stages.ts'
import { withKeys } from './authorized-keys.ts'
import { hostsWith } from './hostname.ts'
import { ModuleError, runAction } from './index.ts'

function context(test: TestContext, files: Readonly<Record<string, string>> = {}) {
  const rooted = rootedHost(test, files)
  const act = (action: Action) =>
    runAction(action, { host: rooted.host, root: '', shell: ['/bin/sh'], warn: () => {} })
  return { ...rooted, act }
}

test('files: content, mode, and 0644 where none is given', (t) => {
  const { host, act } = context(t)
  act({
    kind: 'files',
    files: [
      { path: '/tmp/test/foo', content: 'Test', permissions: 0o777 },
      { path: '/tmp/plain', content: '' },
    ],
  })
  assert.equal(host.readText('/tmp/test/foo'), 'Test')
  assert.equal(host.stat('/tmp/test/foo').mode, 0o777)
  assert.equal(host.stat('/tmp/plain').mode, 0o644)
})

for (const [mode, folder] of [
  [0o640, 0o750],
  [0o644, 0o755],
  [0o600, 0o700],
] as const) {
  test(`files: folders for a file of mode ${mode.toString(8)} are ${folder.toString(8)}`, (t) => {
    const { host, act } = context(t, { '/there/x': '' })
    host.chmod('/there', 0o711)
    act({ kind: 'files', files: [{ path: '/there/new/sub/foo', permissions: mode }] })
    assert.equal(host.stat('/there/new').mode, folder)
    assert.equal(host.stat('/there/new/sub').mode, folder)
    assert.equal(host.stat('/there').mode, 0o711)
  })
}

test('files: owners by name, by number and as one text', (t) => {
  const accounts = { '/etc/passwd': 'ann:x:1000:1001::/:/bin/sh\n', '/etc/group': 'staff:x:50:\n' }
  const { calls, act } = context(t, { ...accounts, '/x/y': '' })
  act({
    kind: 'files',
    files: [
      { path: '/x/a', ownerstring: 'ann:staff' },
      { path: '/x/b', owner: 'ann' },
      { path: '/x/c', owner: 7, group: 8 },
      { path: '/x/d', group: 'staff' },
    ],
  })
  assert.deepEqual(calls, ['chown 1000:50 /x/a', 'chown 1000:1001 /x/b', 'chown 7:8 /x/c', 'chown 0:50 /x/d'])
})

test('files: an unknown owner leaves no file, and the next one is written', (t) => {
  const { host, act } = context(t, { '/x/y': '' })
  const files = [{ path: '/x/a', owner: 'nobody-here' }, { path: '/x/b' }]
  assert.throws(() => act({ kind: 'files', files }), /no user nobody-here/)
  assert.deepEqual(host.list('/x'), ['b', 'y'])
})

test('files: base64, and packed base64 with the real gzip', (t) => {
  const bytes = Uint8Array.from({ length: 300 }, (_, index) => index % 256)
  const { host, folder } = context(t)
  const files = [
    { path: '/b64', encoding: 'b64', content: Buffer.from(bytes).toString('base64') },
    { path: '/gz', encoding: 'gz+b64', content: gzipSync(bytes).toString('base64') },
  ] as const
  runAction({ kind: 'files', files }, { host: nodeHost(), root: folder, shell: ['/bin/sh'], warn: () => {} })
  for (const { path } of files) assert.deepEqual([...host.readBytes(path, 0, 999)], [...bytes])
  assert.deepEqual(host.list('/run/kiln'), [])
})

test('files: what is not base64 or asks for a template is refused', (t) => {
  const { act } = context(t)
  const files = (content: string, encoding: 'b64' | '' = '') =>
    act({ kind: 'files', files: [{ path: '/x', content, encoding }] })
  assert.throws(() => files('###', 'b64'), /not base64/)
  assert.throws(() => files('{{ .Values.node.hostname }}'), /templates/)
  files('{{ one of another program }}')
})

test('directories: made with mode and parents; one that is there gets the mode', (t) => {
  const { host, act } = context(t, { '/old/x': '' })
  host.chmod('/old', 0o755)
  act({
    kind: 'directories',
    directories: [
      { path: '/old', permissions: 0o740 },
      { path: '/new/deep', permissions: 0o700 },
      { path: '/old' },
    ],
  })
  assert.equal(host.stat('/old').mode, 0o740)
  assert.equal(host.stat('/new').mode, 0o700)
})

test('hostname: the kernel, /etc/hostname and /etc/hosts', (t) => {
  const { host, act } = context(t, {
    '/etc/hostname': 'boo\n',
    '/etc/hosts': '127.0.0.1 boo\n',
    '/proc/sys/kernel/hostname': 'boo',
  })
  act({ kind: 'hostname', hostname: 'bar' })
  assert.equal(host.readText('/etc/hostname'), 'bar\n')
  assert.equal(host.readText('/etc/hosts'), '127.0.0.1 localhost bar\n')
  assert.equal(host.readText('/proc/sys/kernel/hostname'), 'bar')
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

for (const name of ['', '-a', 'a_b', 'a b', 'x'.repeat(65), 'kairos-{{ trunc 4 .MachineID }}']) {
  test(`hostname: ${JSON.stringify(name)} is refused`, (t) => {
    assert.throws(() => context(t).act({ kind: 'hostname', hostname: name }), ModuleError)
  })
}

test('authorized_keys: each key once, what is there stays', () => {
  assert.equal(withKeys('a 1\nb 2', ['b 2', 'c 3', 'c 3']), 'a 1\nb 2\nc 3\n')
})

test('authorized_keys: a user that is not there is an error, the next one is served', (t) => {
  const { host, act } = context(t, { '/etc/passwd': 'ann:x:1000:1000::/home/ann:/bin/sh\n' })
  assert.throws(() => act({ kind: 'authorized_keys', keys: { zoe: ['k 1'], ann: ['k 2'] } }), /no user zoe/)
  assert.equal(host.readText('/home/ann/.ssh/authorized_keys'), 'k 2\n')
})
