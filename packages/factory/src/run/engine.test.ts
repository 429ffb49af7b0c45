import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { isKilnError, KilnError } from '@kiln/contract'
import type { KilnEvent } from '../events.ts'
import type { Step, StepKind } from '../plan/step.ts'
import { fakeBuild, fakeStep, type Work } from '../testkit/fake-build.ts'
import { expectCode, temporaryFolder } from '../testkit/testkit.ts'
import type { RunOptions } from './engine.ts'

/** If a step that must run beside another waits for it in vain, the test fails by this. */
const limit = { timeout: 20_000 }

const step = fakeStep

const graph = [
  step('toolchain'),
  step('agent', ['toolchain']),
  step('base'),
  step('packages', ['base']),
  step('convert', ['base', 'packages', 'agent']),
]

/** Leaves a file that tells its step and those of its inputs. */
const work: Work = async ({ id }, { out, inputs }) => {
  const texts = Object.values(inputs).map(({ folder }) => readFileSync(join(folder, 'made'), 'utf8'))
  writeFileSync(join(out, 'made'), `${id}(${texts.join(' ')})`)
  return { facts: { madeBy: id } }
}

function bench(t: TestContext) {
  let doing: Work = work
  const { run, events, started, names } = fakeBuild(temporaryFolder(t), (any, context) => doing(any, context))
  return {
    run(steps: readonly Step[], next: Work = work, change: Partial<RunOptions> = {}) {
      doing = next
      return run(steps, change)
    },
    events,
    started,
    published: () => names('objects').length,
    drafts: () => names('drafts').length,
  }
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop)
  })

describe('running a plan', () => {
  it('gives each step the results of its inputs', limit, async (t) => {
    const { run } = bench(t)
    const { results } = await run(graph)
    const made = readFileSync(join(results.get('convert')?.folder ?? '', 'made'), 'utf8')
    assert.equal(made, 'convert(base() packages(base()) agent(toolchain()))')
    assert.deepEqual(results.get('agent')?.facts, { madeBy: 'agent' })
    assert.deepEqual(
      [...results.keys()],
      graph.map(({ id }) => id),
    )
  })

  it('starts a step only when all its inputs are there', limit, async (t) => {
    const { run, events } = bench(t)
    await run(graph)
    const at = (event: KilnEvent['event'], id: string) =>
      events.findIndex((each) => each.event === event && 'step' in each && each.step === id)
    for (const { id, inputs } of graph) {
      for (const input of Object.values<string>(inputs)) {
        assert.ok(at('step-finished', input) < at('step-started', id), `${input} before ${id}`)
      }
    }
  })

  it('runs steps that do not need each other side by side', limit, async (t) => {
    const { run } = bench(t)
    const meeting = { toolchain: Promise.withResolvers<void>(), base: Promise.withResolvers<void>() }
    const report = await run([step('toolchain'), step('base')], async ({ id }) => {
      meeting[id === 'base' ? 'base' : 'toolchain'].resolve()
      await Promise.all([meeting.base.promise, meeting.toolchain.promise])
      return {}
    })
    assert.equal(report.built, 2)
  })

  it('does not hold a step back for a sibling of its input', limit, async (t) => {
    const { run } = bench(t)
    const packagesDone = Promise.withResolvers<void>()
    const steps = [step('toolchain'), step('base'), step('packages', ['base'])]
    const report = await run(steps, async ({ id }) => {
      if (id === 'toolchain') await packagesDone.promise
      if (id === 'packages') packagesDone.resolve()
      return {}
    })
    assert.equal(report.built, 3)
  })

  for (const concurrency of [1, 2, 3]) {
    it(`never runs more than ${concurrency} at once, and uses all of them`, limit, async (t) => {
      const { run } = bench(t)
      const full = Promise.withResolvers<void>()
      let [running, most] = [0, 0]
      const kinds: readonly StepKind[] = [
        'toolchain',
        'agent',
        'base',
        'packages',
        'convert',
        'validate',
        'iso',
      ]
      const doing: Work = async (any, context) => {
        most = Math.max(most, ++running)
        if (running === concurrency) full.resolve()
        await full.promise
        await work(any, context)
        running--
        return {}
      }
      const steps = kinds.map((kind) => step(kind))
      assert.equal((await run(steps, doing, { concurrency })).built, kinds.length)
      assert.equal(most, concurrency)
    })
  }

  it('makes steps beside checks that wait for their turn', limit, async (t) => {
    const { run } = bench(t)
    const isMade = Promise.withResolvers<void>()
    const steps = [step('verify-root'), step('verify-payload'), step('iso')]
    const report = await run(
      steps,
      async ({ id }) => {
        if (id === 'iso') isMade.resolve()
        else await isMade.promise
        return {}
      },
      { concurrency: 1 },
    )
    assert.equal(report.built, 3)
  })

  it('tells what a step says and how far it is', limit, async (t) => {
    const { run, events } = bench(t)
    await run([step('base')], async (_, { line, progress }) => {
      line('unpacking')
      progress(1, 2, 'items')
      progress(2, undefined, 'bytes')
      return {}
    })
    assert.deepEqual(events.slice(0, 4), [
      { event: 'step-started', step: 'base', title: 'title of base' },
      { event: 'step-output', step: 'base', line: 'unpacking' },
      { event: 'step-progress', step: 'base', done: 1, total: 2, unit: 'items' },
      { event: 'step-progress', step: 'base', done: 2, unit: 'bytes' },
    ])
    const [last] = events.slice(4)
    assert.ok(last?.event === 'step-finished' && last.outcome === 'built', JSON.stringify(last))
  })

  it('refuses a step that stands before its input', limit, async (t) => {
    const { run } = bench(t)
    const error = await expectCode('E-BUG', () => run([step('packages', ['base']), step('base')]))
    assert.match(error.message, /packages needs base/)
  })
})

describe('a second run of a plan', () => {
  it('makes nothing again and gives the same results', limit, async (t) => {
    const { run, started, events } = bench(t)
    const first = await run(graph)
    started.length = 0
    events.length = 0
    const second = await run(graph)
    assert.deepEqual(started, [])
    assert.deepEqual([second.built, second.reused], [0, graph.length])
    assert.deepEqual(second.results, first.results)
    assert.deepEqual(
      events.map((event) => event.event === 'step-finished' && event.outcome),
      graph.map(() => 'reused'),
    )
  })

  it('makes everything again if it is told to', limit, async (t) => {
    const { run, started } = bench(t)
    await run(graph)
    started.length = 0
    const { built } = await run(graph, work, { rebuild: true })
    assert.equal(built, graph.length)
    assert.equal(started.length, graph.length)
  })

  it('makes a changed step again, and what depends on it', limit, async (t) => {
    const { run, started } = bench(t)
    await run(graph)
    started.length = 0
    const changed = graph.map((any) =>
      any.id === 'packages' ? step('packages', ['base'], { add: 'x' }) : any,
    )
    const report = await run(changed)
    assert.deepEqual(started, ['packages', 'convert'])
    assert.deepEqual([report.built, report.reused], [2, 3])
  })

  it('stops at a changed step that makes the same as before', limit, async (t) => {
    const { run, started } = bench(t)
    const doing: Work = async (any, context) => ({ ...(await work(any, context)), digest: `same ${any.id}` })
    await run(graph, doing)
    started.length = 0
    await run(
      graph.map((any) =>
        any.id === 'agent' ? step('agent', ['toolchain'], { source: 'comment added' }) : any,
      ),
      doing,
    )
    assert.deepEqual(started, ['agent'])
  })
})

describe('a step that fails', () => {
  const boom = new KilnError('E-TOOL-FAILED', 'boom')

  it('stops the others, and its error is that of the run', limit, async (t) => {
    const { run, started, events, drafts, published } = bench(t)
    const toolchainStarted = Promise.withResolvers<void>()
    const doing: Work = async ({ id }, { out, signal }) => {
      writeFileSync(join(out, 'made'), 'half')
      if (id === 'toolchain') {
        toolchainStarted.resolve()
        return untilAborted(signal)
      }
      await toolchainStarted.promise
      throw boom
    }
    await assert.rejects(run(graph, doing), boom)
    assert.deepEqual(started.toSorted(), ['base', 'toolchain'])
    assert.equal(drafts(), 0, 'drafts are left')
    assert.equal(published(), 0, 'something half is published')
    const failed = events.flatMap((event) =>
      event.event === 'step-failed' ? [[event.step, event.code]] : [],
    )
    assert.deepEqual(failed[0], ['base', 'E-TOOL-FAILED'])
  })

  it('leaves what was ready before it, for the next run', limit, async (t) => {
    const { run, started, published, drafts } = bench(t)
    const failing: Work = async (any, context) => {
      if (any.id === 'convert') throw boom
      return work(any, context)
    }
    await assert.rejects(run(graph, failing), boom)
    assert.deepEqual([published(), drafts()], [graph.length - 1, 0])
    started.length = 0
    await run(graph)
    assert.deepEqual(started, ['convert'])
  })

  it('keeps waiting steps from starting', limit, async (t) => {
    const { run, started } = bench(t)
    const failing: Work = async () => {
      throw boom
    }
    await assert.rejects(
      run([step('toolchain'), step('base'), step('iso')], failing, { concurrency: 1 }),
      boom,
    )
    assert.equal(started.length, 1)
  })

  const translations: readonly (readonly [system: string, code: string])[] = [
    ['ENOSPC', 'E-DISK-FULL'],
    ['EDQUOT', 'E-DISK-FULL'],
    ['EACCES', 'E-PERMISSION'],
    ['EPERM', 'E-PERMISSION'],
  ]
  for (const [system, code] of translations) {
    it(`by ${system} is told as ${code}`, limit, async (t) => {
      const { run, events } = bench(t)
      const cause = Object.assign(new Error(`${system}: write`), { code: system })
      const failing: Work = async () => {
        throw cause
      }
      const error = await run([step('base')], failing).catch((reason: unknown) => reason)
      assert.ok(isKilnError(error))
      assert.deepEqual([error.code, error.cause], [code, cause])
      const last = events.at(-1)
      assert.ok(last?.event === 'step-failed' && last.code === code, JSON.stringify(last))
    })
  }

  it('by a defect is told as it is', limit, async (t) => {
    const { run, events, drafts } = bench(t)
    const defect = new TypeError('undefined is not a function')
    const failing: Work = async () => {
      throw defect
    }
    await assert.rejects(run([step('base')], failing), defect)
    const last = events.at(-1)
    assert.ok(last?.event === 'step-failed' && last.code === 'E-BUG', JSON.stringify(last))
    assert.equal(drafts(), 0)
  })
})

describe('an interrupted run', () => {
  const interrupted = new KilnError('E-INTERRUPTED', 'interrupted')

  it('stops the steps, publishes nothing and rejects with the reason', limit, async (t) => {
    const { run, drafts, published } = bench(t)
    const controller = new AbortController()
    const doing: Work = async ({ id }, { out, signal }) => {
      writeFileSync(join(out, 'made'), 'half')
      if (id === 'base') controller.abort(interrupted)
      return untilAborted(signal)
    }
    await assert.rejects(run(graph, doing, { signal: controller.signal }), interrupted)
    assert.deepEqual([published(), drafts()], [0, 0])
  })

  it('does not begin at all if it is interrupted before', limit, async (t) => {
    const { run, started } = bench(t)
    await assert.rejects(run(graph, work, { signal: AbortSignal.abort(interrupted) }), interrupted)
    assert.deepEqual(started, [])
  })
})
