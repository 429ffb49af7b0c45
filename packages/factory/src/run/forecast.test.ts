import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { differenceText } from '../plan/explain.ts'
import type { Step } from '../plan/step.ts'
import { fakeBuild, fakeStep, type Work } from '../testkit/fake-build.ts'
import { temporaryFolder } from '../testkit/testkit.ts'
import { earlierResult, forecast } from './forecast.ts'

const work: Work = async ({ id }, { out }) => {
  writeFileSync(join(out, 'made'), id)
  return {}
}

const graph = (install: readonly string[] = ['vim']) => [
  fakeStep('toolchain'),
  fakeStep('base'),
  fakeStep('packages', ['base'], { install }),
  fakeStep('convert', ['packages', 'toolchain']),
]

async function seen(t: TestContext, steps: readonly Step[]) {
  const folder = temporaryFolder(t)
  const { run } = fakeBuild(folder, work)
  const { results } = await run(graph())
  const look = async () =>
    (await forecast({ steps }, folder)).map(({ step, prospect, differences }) => [
      step.id,
      prospect,
      ...(differences ?? []).map(differenceText),
    ])
  return { results, look }
}

describe('what a build would do', () => {
  it('is nothing where nothing changed', async (t) => {
    const { look } = await seen(t, graph())
    assert.deepEqual(await look(), [
      ['toolchain', 'cached'],
      ['base', 'cached'],
      ['packages', 'cached'],
      ['convert', 'cached'],
    ])
  })

  it('is a changed step, and perhaps what comes after it', async (t) => {
    const { look } = await seen(t, graph(['vim', 'htop']))
    assert.deepEqual(await look(), [
      ['toolchain', 'cached'],
      ['base', 'cached'],
      ['packages', 'new', 'params.install: + htop'],
      ['convert', 'unknown', 'inputs.packages: is made first'],
    ])
  })

  it('is a step whose result was removed, for no other reason', async (t) => {
    const { look, results } = await seen(t, graph())
    const base = results.get('base')
    rmSync(join(base?.folder ?? '', '..'), { recursive: true })
    const steps = await look()
    assert.deepEqual(steps[1], ['base', 'new'])
    assert.deepEqual(steps[2], ['packages', 'unknown', 'inputs.base: is made first'])
  })

  it('is always what is not fully tracked', async (t) => {
    const [toolchain, ...rest] = graph()
    assert.ok(toolchain)
    const { look } = await seen(t, [fakeStep('toolchain', [], { tracked: false }), ...rest])
    const prospects = (await look()).map(([, prospect]) => prospect)
    assert.deepEqual(prospects, ['always', 'cached', 'cached', 'unknown'])
  })

  it('leaves no trace', async (t) => {
    const folder = temporaryFolder(t)
    const forecasts = await forecast({ steps: graph() }, join(folder, 'cache'))
    assert.deepEqual(
      forecasts.map(({ prospect }) => prospect),
      ['new', 'new', 'unknown', 'unknown'],
    )
    assert.deepEqual(
      forecasts.filter(({ earlier }) => earlier),
      [],
    )
  })
})

describe('the earlier result that a step is compared with', () => {
  const card = (step: string, made: string) => ({ step, made, fingerprint: { kind: 'iso' } })
  const cards = [
    card('debian-v1/iso', '2026-01-03'),
    card('debian-v2/iso', '2026-01-02'),
    card('debian-v1/iso', '2026-01-01'),
  ] as unknown as Parameters<typeof earlierResult>[1]
  const cases: readonly (readonly [id: string, made: string | undefined])[] = [
    ['debian-v1/iso', '2026-01-03'],
    ['debian-v2/iso', '2026-01-02'],
    ['debian-v3/iso', '2026-01-03'],
    ['debian-v3/payload', undefined],
  ]
  for (const [id, made] of cases) {
    it(`for ${id}: ${made}`, () => {
      assert.equal(earlierResult({ id, kind: 'iso' }, cards)?.made, made)
    })
  }
})
