import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fakeBuild, fakeStep, type Work } from '../testkit/fake-build.ts'
import { temporaryFolder } from '../testkit/testkit.ts'
import { lockArguments, takeLock } from '../tools/flock.ts'
import { liveSessions, openSession } from './sessions.ts'
import { openStore } from './store.ts'

const limit = { timeout: 20_000 }

/** Another process that runs a module's text until it is killed; resolves when it has said something. */
async function otherProcess(t: TestContext, script: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

const storeModule = JSON.stringify(new URL('store.ts', import.meta.url).href)
const holding = (folder: string, key: string) => `
  import { openStore } from ${storeModule}
  const store = openStore(${JSON.stringify(folder)})
  await store.lock('${key}', { signal: new AbortController().signal, onWait() {} })
  await store.begin('${key}')
  console.log('held')
  setInterval(() => {}, 1000)`

describe('two builds on one cache', () => {
  it('make each step once between them', limit, async (t) => {
    const folder = temporaryFolder(t)
    const runs: string[] = []
    const slow: Work = async ({ id }, { out }) => {
      runs.push(id)
      await new Promise((resolve) => setTimeout(resolve, 500))
      writeFileSync(join(out, 'made'), id)
      return {}
    }
    const steps = [fakeStep('toolchain'), fakeStep('base'), fakeStep('packages', ['base'])]
    const builds = [fakeBuild(folder, slow), fakeBuild(folder, slow)]
    const reports = await Promise.all(builds.map(({ run }) => run(steps)))
    assert.deepEqual(runs.toSorted(), ['base', 'packages', 'toolchain'])
    const sum = (what: 'built' | 'reused') => reports.reduce((total, report) => total + report[what], 0)
    assert.deepEqual([sum('built'), sum('reused')], [3, 3])
    const notices = builds.flatMap(({ events }) =>
      events.flatMap((event) => (event.event === 'notice' ? [event.message] : [])),
    )
    assert.ok(notices.includes('"title of toolchain" waits for another build that makes the same'))
  })

  it('that needs the same steps in another order does not block', limit, async (t) => {
    const folder = temporaryFolder(t)
    const work: Work = async ({ id }, { out }) => {
      writeFileSync(join(out, 'made'), id)
      return {}
    }
    const kinds = ['toolchain', 'base', 'agent', 'iso', 'payload'] as const
    const steps = kinds.map((kind) => fakeStep(kind))
    const orders = [steps, steps.toReversed(), steps.toSpliced(0, 2).concat(steps.slice(0, 2))]
    const reports = await Promise.all(
      orders.map((order) => fakeBuild(folder, work).run(order, { concurrency: 1 })),
    )
    assert.equal(
      reports.reduce((sum, { built }) => sum + built, 0),
      kinds.length,
    )
  })

  it('gets the lock of one that was killed, and sweeps what it left', limit, async (t) => {
    const folder = temporaryFolder(t)
    const other = await otherProcess(t, holding(folder, 'ab'))
    const store = openStore(folder)
    let waited = false
    const waiting = store.lock('ab', {
      signal: new AbortController().signal,
      onWait: () => {
        waited = true
        other.kill('SIGKILL')
      },
    })
    const lock = await waiting
    assert.ok(waited)
    await lock.release()
    assert.deepEqual(await liveSessions(folder), [])
  })

  it('stops waiting when it is interrupted', limit, async (t) => {
    const folder = temporaryFolder(t)
    await otherProcess(t, holding(folder, 'ab'))
    const controller = new AbortController()
    const reason = new Error('enough')
    const waiting = openStore(folder).lock('ab', {
      signal: controller.signal,
      onWait: () => controller.abort(reason),
    })
    await assert.rejects(waiting, reason)
  })
})

describe('a session', () => {
  it('is seen while it lasts', async (t) => {
    const folder = temporaryFolder(t)
    const [one, two] = [await openSession(folder), await openSession(folder)]
    const ids = async () => (await liveSessions(folder)).map(({ id }) => id).toSorted()
    assert.deepEqual(await ids(), [one.id, two.id].toSorted())
    await one.close()
    assert.deepEqual(await ids(), [two.id])
    await two.close()
    assert.deepEqual(await ids(), [])
  })
})

describe('a lock', () => {
  it('is free after it was released, and not before', async (t) => {
    const file = join(temporaryFolder(t), 'lock')
    const first = await takeLock(file)
    assert.equal(await takeLock(file, { waitMs: 50 }), undefined)
    await first?.release()
    const second = await takeLock(file, { waitMs: 50 })
    assert.ok(second)
    await second.release()
  })

  it('that cannot be had says why', async (t) => {
    const file = join(temporaryFolder(t), 'missing/lock')
    await assert.rejects(takeLock(file), /flock could not lock/)
  })

  it('waits in seconds, and leaves no second holder', () => {
    const args = lockArguments('/f', 250)
    assert.deepEqual(args.slice(0, 2), ['--timeout', '0.25'])
    assert.ok(args.includes('--no-fork'))
  })
})
