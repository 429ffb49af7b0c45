import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { lifeline } from '../testkit/lifeline.ts'
import { run } from './process.ts'
import { isolated, unshareArguments, unshareRefusal } from './unshare.ts'

const own = ['--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child']
const user = ['--user', '--map-root-user', '--map-auto']

describe('the namespaces of a program', () => {
  const cases: readonly (readonly [who: string, uid: number, network: boolean, words: readonly string[]])[] =
    [
      ['root', 0, false, [...own, '--net']],
      ['root, with the network', 0, true, own],
      ['a user', 1000, false, [...user, ...own, '--net']],
      ['a user, with the network', 1000, true, [...user, ...own]],
    ]
  for (const [who, uid, network, words] of cases) {
    it(`of ${who}`, () => assert.deepEqual(unshareArguments({ network }, uid), words))
  }
})

describe('an isolated program', () => {
  for (const network of [true, false]) {
    it(`is started by unshare, which ends with Kiln (${network ? 'with' : 'without'} the network)`, () => {
      const words = ['--pdeathsig', 'KILL', 'unshare', ...unshareArguments({ network })]
      assert.deepEqual(isolated({ network }), words)
    })
  }

  it('sees no network and no processes but its own', async () => {
    const script = 'echo $$; cat /proc/self/net/dev'
    const { stdout } = await run('setpriv', [...isolated({ network: false }), 'sh', '-euc', script])
    const [pid, ...table] = stdout.split('\n')
    assert.equal(pid, '1')
    const devices = table.flatMap((line) => line.match(/^ *([^ :]+):/)?.[1] ?? [])
    assert.ok(devices.includes('lo'), stdout)
    assert.ok(!devices.some((name) => /^(eth|en|wl)/.test(name)), stdout)
  })

  it('ends with all that it began when its starter is killed', { timeout: 20_000 }, async (t) => {
    const { folder, gone } = lifeline(t)
    const script = 'exec 3> alive; sh -c "echo ready; exec cat hold"'
    const words = ['setpriv', ...isolated({ network: false }), 'sh', '-euc', script]
    const program = `const [name, ...rest] = ${JSON.stringify(words)}
      require('node:child_process').spawn(name, rest, { stdio: 'inherit' })`
    const starter = spawn(process.execPath, ['-e', program], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(starter.stdout, 'data')
    starter.kill('SIGKILL')
    await gone
  })
})

describe('what unshare says', () => {
  const cases: readonly (readonly [output: string, refusal: string | undefined])[] = [
    ['unshare: unshare failed: Operation not permitted', 'unshare failed: Operation not permitted'],
    ['a\nunshare: write failed /proc/self/uid_map: x\nb', 'write failed /proc/self/uid_map: x'],
    ['unshare: mount / failed: Permission denied', 'mount / failed: Permission denied'],
    ['sh: unshare: not found', undefined],
    ['Operation not permitted', undefined],
    ['', undefined],
  ]
  for (const [output, refusal] of cases) {
    it(`${JSON.stringify(output)} is ${refusal === undefined ? 'no refusal' : 'a refusal'}`, () =>
      assert.equal(unshareRefusal(output), refusal))
  }
})
