import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { before, describe, test } from 'node:test'
import { kilnVersion } from '@kiln/factory'
import { elfNeeds } from '@kiln/factory/payload/elf'
import { fileDigest } from '@kiln/factory/resolve/digest'
import type { AgentProgram } from '@kiln/factory/toolchain/agent'
import { agentCompiler } from './agent-program.ts'

/** The program as it runs on a node: static, on QuickJS. Its cases are those that the adapter for Node.js passes, too. */
describe('the node program', () => {
  let compile: (program: AgentProgram) => Promise<string>

  before(async () => {
    compile = await agentCompiler()
  })

  test('behaves on QuickJS as the port and the engine of cloud-configs promise', async (t) => {
    const { stdout, status } = spawnSync(await compile('conformance'), { encoding: 'utf8' })
    const outcomes = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { case: string; ok: boolean; error?: string })
    for (const outcome of outcomes) {
      await t.test(outcome.case, () => assert.equal(outcome.error, undefined))
    }
    assert.ok(outcomes.length > 450)
    assert.equal(status, 0)
  })

  test('is one static file of at most 3 MB', async () => {
    const agent = await compile('main')
    assert.ok((await stat(agent)).size <= 3_000_000)
    assert.deepEqual(elfNeeds(await readFile(agent)), { interpreter: undefined, libraries: [], runPath: [] })
    assert.equal(execFileSync(agent, ['version'], { encoding: 'utf8' }), `kiln-agent ${kilnVersion}\n`)
  })

  test('compiles to the same bytes each time', async () => {
    assert.equal(await fileDigest(await compile('main')), await fileDigest(await compile('main')))
  })
})
