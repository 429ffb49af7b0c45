import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fakeBuild, fakeStep, type Work } from '../testkit/fake-build.ts'
import { temporaryFolder } from '../testkit/testkit.ts'
import { contentDigest } from './content.ts'

const graph = [fakeStep('base'), fakeStep('packages', ['base']), fakeStep('convert', ['packages'])]

const work: Work = async ({ id }, { out, inputs }) => {
  const texts = Object.values(inputs).map(({ folder }) => readFileSync(join(folder, 'made'), 'utf8'))
  writeFileSync(join(out, 'made'), `${id}(${texts.join(' ')})`)
  return {}
}

async function built(t: TestContext, doing = work) {
  const build = fakeBuild(temporaryFolder(t), doing)
  const { results } = await build.run(graph)
  build.started.length = 0
  build.events.length = 0
  const file = (id: string) => join(results.get(id)?.folder ?? '', 'made')
  const warnings = () => build.events.flatMap((event) => (event.event === 'notice' ? [event.message] : []))
  return { ...build, results, file, warnings }
}

const changed = [...graph.slice(0, 2), fakeStep('convert', ['packages'], { other: true })]

describe('a damaged result', () => {
  it('is made again, and told, before a step reads it', async (t) => {
    const { run, file, started, warnings } = await built(t)
    appendFileSync(file('packages'), 'damage')
    const { results, built: made } = await run(changed)
    assert.deepEqual([started, made], [['packages', 'convert'], 2])
    assert.equal(
      readFileSync(join(results.get('convert')?.folder ?? '', 'made'), 'utf8'),
      'convert(packages(base()))',
    )
    assert.deepEqual(warnings(), [
      'E-CACHE-CORRUPT: the cached result of "title of packages" is damaged and is made again',
    ])
  })

  it('is made again before it is delivered', async (t) => {
    const { run, file, started } = await built(t)
    rmSync(file('convert'))
    const { results } = await run(graph, { deliver: ['convert'] })
    assert.deepEqual(started, ['convert'])
    assert.ok(readFileSync(join(results.get('convert')?.folder ?? '', 'made')))
  })

  it('takes those below it along where they are damaged, too', async (t) => {
    const { run, file, started } = await built(t)
    for (const id of ['base', 'packages', 'convert']) appendFileSync(file(id), 'damage')
    await run(graph, { deliver: ['convert'] })
    assert.deepEqual(started, ['base', 'packages', 'convert'])
  })

  it('is not even looked at where nothing reads it', async (t) => {
    const { run, file, started } = await built(t)
    appendFileSync(file('base'), 'damage')
    assert.equal((await run(graph, { deliver: ['convert'] })).reused, 3)
    assert.deepEqual(started, [])
  })

  it('leaves steps alone that only its old content fitted', async (t) => {
    let version = 1
    const doing: Work = async (step, context) => {
      await work(step, context)
      return step.id === 'packages' ? { digest: `packages ${version}` } : {}
    }
    const { run, file, started } = await built(t, doing)
    appendFileSync(file('packages'), 'damage')
    version = 2
    await run(changed)
    assert.deepEqual(started, ['packages', 'convert'])
    started.length = 0
    await run(changed)
    assert.deepEqual(started, [])
  })

  for (const [what, damage] of [
    ['cut off', (text: string) => text.slice(0, 100)],
    ['changed by one digit', (text: string) => text.replace(/"ms": \d/, '"ms": 99')],
  ] as const) {
    it(`whose card is ${what} is made again, and told`, async (t) => {
      const { run, file, started, warnings } = await built(t)
      const card = join(file('convert'), '../../card.json')
      writeFileSync(card, damage(readFileSync(card, 'utf8')))
      await run(graph)
      assert.deepEqual([started, warnings().length], [['convert'], 1])
    })
  }
})

describe('a result whose times have changed, but not its content', () => {
  it('is reused, and not read again the next time', async (t) => {
    const { run, file, started, results, store } = await built(t)
    utimesSync(file('packages'), 1, 1)
    await run(changed)
    assert.deepEqual(started, ['convert'])
    const stamps = readFileSync(join(file('packages'), '../../stamp'), 'utf8')
    const packages = results.get('packages')
    assert.ok(packages && (await store.intact(packages)))
    assert.equal(readFileSync(join(file('packages'), '../../stamp'), 'utf8'), stamps)
  })
})

describe('a step that is not fully tracked', () => {
  const untracked = [fakeStep('base', [], { from: { tracked: false } }), ...graph.slice(1)]

  it('is run each time; what comes after it only where it made something else', async (t) => {
    let text = 'one'
    const { run, started } = fakeBuild(temporaryFolder(t), async (step, context) => {
      await work(step, context)
      if (step.id === 'base') writeFileSync(join(context.out, 'made'), text)
      return {}
    })
    const steps: string[][] = []
    for (const next of ['one', 'one', 'two', 'one']) {
      text = next
      await run(untracked)
      steps.push(started.splice(0))
    }
    const all = ['base', 'packages', 'convert']
    assert.deepEqual(steps, [all, ['base'], all, ['base']])
  })

  it('has the digest of its content in the keys of others', async (t) => {
    const { run } = fakeBuild(temporaryFolder(t), work)
    const { results } = await run(untracked)
    const base = results.get('base')
    assert.equal(base?.digest, await contentDigest(base?.folder ?? ''))
    assert.equal(results.get('packages')?.fingerprint.inputs.base, base?.digest)
    assert.equal(base?.fingerprint.fullyTracked, false)
  })
})

describe('what programs say', () => {
  it('is told without passwords', async (t) => {
    const { run, events } = fakeBuild(temporaryFolder(t), async (_, { line }) => {
      line('Get:1 https://user:hunter2@mirror.test/debian')
      return {}
    })
    await run([fakeStep('base')])
    assert.ok(events.some((event) => event.event === 'step-output' && event.line.includes('mirror.test')))
    assert.ok(!JSON.stringify(events).includes('hunter2'))
  })
})
