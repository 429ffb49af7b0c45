import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { main } from '../main.ts'
import { rootedHost } from '../testkit/rooted-host.ts'
import { redact } from './redact.ts'

const hidden: readonly (readonly [text: string, expected: string])[] = [
  ['password: hunter2', 'password: (hidden)'],
  ['  passwd: "a b"', '  passwd: (hidden)'],
  ['K3S_TOKEN=abc::server:def x=1', 'K3S_TOKEN=(hidden) x=1'],
  ['{"token": "abc", "name": "x"}', '{"token": (hidden), "name": "x"}'],
  ['{"auth":"dXNlcjpwYXNz"}', '{"auth":(hidden)}'],
  ['registration_token: abc', 'registration_token: (hidden)'],
  ['--token abc --name x', '--token (hidden) --name x'],
  ['https://ann:secret@host/x', 'https://(hidden)@host/x'],
  ['Authorization: Bearer abcdefghij', 'Authorization: Bearer (hidden)'],
  ['root:$6$salt$hash/.abc:19000:0', 'root:(hidden):19000:0'],
  ['$y$j9T$abc$def', '(hidden)'],
  ['a\n-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\nb', 'a\n(hidden)\nb'],
  ['key: |\n  line one\n  line two\nnext: 1\n', 'key: (hidden)\nnext: 1\n'],
  ['  my_secret: >-\n    folded\n\n    more\n  next: 1\n', '  my_secret: (hidden)\n  next: 1\n'],
]

for (const [text, expected] of hidden) {
  test(`logs: ${JSON.stringify(text)} tells no secret`, () => assert.equal(redact(text), expected))
}

for (const text of [
  'kiln: up: box v1, root verified, 0 failed units',
  'ssh-ed25519 AAAAC3NzaC1lZDI1 ann@host',
  'keyboard: de',
  'the token was refused',
  'https://host/path?x=1',
  'users:\n  - name: ann\n',
]) {
  test(`logs: ${JSON.stringify(text)} stays`, () => assert.equal(redact(text), text))
}

test('logs: one archive with state, journal and files, and no secret in it', (context) => {
  const { host, folder, calls } = rootedHost(
    context,
    {
      '/oem/90_custom.yaml': '#cloud-config\nk3s: {env: {K3S_TOKEN: topsecret}}\n',
      '/run/kiln/boot.json': '{"mode":"live"}',
      '/root/x': '',
    },
    (argv, at) => {
      if (argv[0] === 'journalctl') return { stdout: 'started with password=topsecret\n' }
      if (argv[0] !== 'tar') return undefined
      const own = argv.slice(1).map((word) => word.replace(/^(--(?:file|directory)=)/, `$1${at}`))
      execFileSync('tar', own)
      return undefined
    },
  )
  assert.equal(main({ ...host, args: ['logs', '--output=/root/out.tar.gz'] }), 0)
  assert.equal(host.stat('/root/out.tar.gz').mode, 0o600)
  const archive = `${folder}/root/out.tar.gz`
  const names = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }).split('\n')
  for (const name of ['state.json', 'journal/this-boot.log', 'journal/k3s.log', 'files/oem/90_custom.yaml']) {
    assert.ok(names.includes(`kiln-logs/${name}`), name)
  }
  const all = execFileSync('tar', ['-xzOf', archive], { encoding: 'utf8' })
  assert.match(all, /K3S_TOKEN: \(hidden\)/)
  assert.ok(!all.includes('topsecret'))
  assert.throws(() => host.stat('/run/kiln/logs'))
  assert.ok(calls.some((call) => call.startsWith('lsblk')))
})

test('logs: units and files that the cloud-configs name', (context) => {
  const { host, folder } = rootedHost(
    context,
    {
      '/oem/90.yaml':
        '#cloud-config\nlogs: {journal: [my.service], files: [/srv/*/app-?.log, /srv/none*, /etc/one]}\n',
      '/run/kiln/boot.json': '{"mode":"live"}',
      '/srv/a/app-1.log': 'first\n',
      '/srv/b/app-2.log': 'second\n',
      '/srv/b/app-10.log': 'another\n',
      '/etc/one': 'one\n',
      '/root/x': '',
    },
    (argv, at) => {
      if (argv[0] === 'journalctl') return { stdout: `${argv.at(-1)}\n` }
      if (argv[0] !== 'tar') return undefined
      execFileSync(
        'tar',
        argv.slice(1).map((word) => word.replace(/^(--(?:file|directory)=)/, `$1${at}`)),
      )
      return undefined
    },
  )
  assert.equal(main({ ...host, args: ['logs', '--output=/root/out.tar.gz'] }), 0)
  const archive = `${folder}/root/out.tar.gz`
  const names = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }).split('\n')
  const own = names.filter((name) => /srv|etc\/one|my\.service/.test(name) && !name.endsWith('/'))
  assert.deepEqual(own.toSorted(), [
    'kiln-logs/files/etc/one',
    'kiln-logs/files/srv/a/app-1.log',
    'kiln-logs/files/srv/b/app-2.log',
    'kiln-logs/journal/my.service.log',
  ])
})

test('logs: an archive that cannot be written is an error', (context) => {
  const { host, output } = rootedHost(context, { '/x': '' }, (argv) =>
    argv[0] === 'tar' ? { code: 2, stderr: 'tar: Cannot open: Read-only file system\n' } : undefined,
  )
  assert.notEqual(main({ ...host, args: ['logs'] }), 0)
  assert.match(output.join(''), /Read-only file system/)
})
