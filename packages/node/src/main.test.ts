import assert from 'node:assert/strict'
import { test } from 'node:test'
import { main } from './main.ts'
import { readyText } from './ready.ts'
import { parseAssignments } from './release-file.ts'
import { rootedHost } from './testkit/rooted-host.ts'

for (const [args, code] of [
  [['version'], 0],
  [['--help'], 0],
  [[], 2],
  [['no-such-verb'], 2],
  [['run-stage'], 2],
  [['run-stage', 'lunch'], 2],
  [['run-stage', 'boot', 'more'], 2],
  [['toString'], 2],
] as const) {
  test(`main: ${JSON.stringify(args)} ends with ${code}`, (context) => {
    assert.equal(main({ ...rootedHost(context).host, args }), code)
  })
}

test('main: state tells how the node booted and what it is', (context) => {
  const { host, output } = rootedHost(context, {
    '/run/kiln/boot.json': '{"mode":"live","rootHash":"ab"}',
    '/run/cos/live_mode': '',
    '/etc/kairos-release': 'KAIROS_VERSION="v1.2.3"\n',
  })
  assert.equal(main({ ...host, args: ['state', '--json'] }), 0)
  const state = JSON.parse(output.join(''))
  assert.deepEqual(
    [state.mode, state.started.rootHash, state.release.KAIROS_VERSION],
    ['live', 'ab', 'v1.2.3'],
  )
})

test('main: ready names the failed units and is no failure itself', (context) => {
  const { host, output } = rootedHost(
    context,
    { '/proc/uptime': '12.34 50.00\n', '/etc/kairos-release': 'KAIROS_NAME=box\nKAIROS_VERSION=v1\n' },
    (argv) => (argv[1] === 'list-units' ? { stdout: 'a.service loaded failed failed A\n' } : undefined),
  )
  assert.equal(main({ ...host, args: ['ready'] }), 0)
  assert.equal(
    output.join(''),
    '\nkiln: up: box v1, root not verified, 1 failed unit, 12.3 s since boot\nkiln: failed units: a.service\n',
  )
})

test('ready: a line that can be searched for', () => {
  const release = { KAIROS_NAME: 'kairos-core-debian-13', KAIROS_VERSION: 'v0.1.0' }
  assert.equal(
    readyText({ release, verified: true, failed: [], seconds: 9 }),
    '\nkiln: up: kairos-core-debian-13 v0.1.0, root verified, 0 failed units, 9.0 s since boot\n',
  )
})

test('release file: quotes and comments', () => {
  assert.deepEqual(parseAssignments(`# x\nA=1\nB="a \\"b\\" c"\nC='x'\nnot one\nD=\n`), {
    A: '1',
    B: 'a "b" c',
    C: 'x',
    D: '',
  })
})
