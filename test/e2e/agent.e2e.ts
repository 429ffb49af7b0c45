import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
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

  test('ends what it runs, however it ends itself', async () => {
    const host = spawn(await compile('conformance'), ['run', 'sh', '-c', 'exec sleep 1000'])
    const child = await childOf(host)
    host.kill('SIGKILL')
    await until(() => !isRunning(child))
  })

  test('is one static file of at most 3 MB', async () => {
    const agent = await compile('main')
    assert.ok((await stat(agent)).size <= 3_000_000)
    assert.deepEqual(elfNeeds(await readFile(agent)), { interpreter: undefined, libraries: [], runPath: [] })
    assert.equal(execFileSync(agent, ['version'], { encoding: 'utf8' }), `kiln-agent ${kilnVersion}\n`)
    // Has its own way in: main.quickjs.ts. No node runs here.
    assert.equal(execFileSync(agent, ['state', 'get', 'boot'], { encoding: 'utf8' }), 'unknown\n')
  })

  test('compiles to the same bytes each time', async () => {
    assert.equal(await fileDigest(await compile('main')), await fileDigest(await compile('main')))
  })
})

/** Number of the process, once it has become the program that was asked for. */
async function childOf({ pid = 0 }: ChildProcess): Promise<number> {
  let child = 0
  await until(() => {
    child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
    return child !== 0 && commandOf(child) === 'sleep'
  })
  return child
}

function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** One that has ended stays as a zombie where nobody asks for it. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 30_000
  while (!condition()) {
    assert.ok(performance.now() < end, 'it never came')
    await setTimeout(10)
  }
}
