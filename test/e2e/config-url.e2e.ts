import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { agentCompiler } from './agent-program.ts'
import { freshFolder } from './harness.ts'
import { type NetworkOutcome, runInOwnNetwork } from './own-network.ts'

/** The program of a node and a server that means harm: each bound holds, and what is good acts all the same. */
const limitMs = 180_000

/** Where a configuration leads, and what is said of it. */
const cases = {
  loop: /lead back to one of them: http:\/\/192\.0\.2\.1\/loop/,
  endless: /too large: .*more than 1048576 bytes/,
  promise: /too large/,
  slow: /did not come in time/,
  'to-loopback': /address of this machine itself: .*http:\/\/127\.0\.0\.1\/secret/,
  'to-name': /address of this machine itself: .*http:\/\/localhost\/secret/,
  'to-metadata': /address of this machine itself: .*169\.254\.169\.254/,
  'to-file': /address of this machine itself: .*file:\/\/\/etc\/hosts/,
  'chain-to-loopback': /address of this machine itself: .*127\.0\.0\.1/,
  'deep/1': /too many others: more than 8/,
} as const

describe('a server that means harm', () => {
  let outcome: NetworkOutcome
  let said: string

  before(async () => {
    const tools = await freshFolder()
    copyFileSync(await (await agentCompiler())('main'), join(tools, 'kiln-agent'))
    writeFileSync(join(tools, 'certificate.pem'), '')
    const leads = (path: string) => `#cloud-config\nconfig_url: http://192.0.2.1/${path}\n`
    const files = [...Object.keys(cases), 'good'].map((path, index) => [
      `${String(index).padStart(2, '0')}.yaml`,
      leads(path),
    ])
    outcome = await runInOwnNetwork({
      ...{ tools, server: 'hostile-server.ts', service: '', limitMs },
      oem: Object.fromEntries(files),
      commands: ['run-stage network'],
    })
    said = outcome.stdout + outcome.stderr
  })

  test('does not keep the program from its end', () => {
    assert.notEqual(outcome.status, null, said)
  })

  for (const [name, pattern] of Object.entries(cases)) {
    test(`is told of: ${name}`, () => assert.match(said, pattern))
  }

  test('does not keep what is good from acting', () => {
    assert.ok(existsSync(join(outcome.root, 'run/good')), said)
  })

  test('does not get at this machine', () => {
    assert.doesNotMatch(readFileSync(outcome.log, 'utf8'), /secret/)
  })

  test('leaves nothing behind but copies of what was good', () => {
    assert.deepEqual(readdirSync(join(outcome.root, 'run/kiln/remote')), [])
    const copies = join(outcome.root, 'oem/.kiln/remote-configs')
    for (const name of readdirSync(copies)) {
      assert.ok(readFileSync(join(copies, name), 'utf8').length < 2_000_000)
    }
  })
})
