import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { differenceText, explainChange, type ForeseenFingerprint } from './explain.ts'
import type { Fingerprint } from './fingerprint.ts'

const before: Fingerprint = {
  kind: 'packages',
  version: 1,
  params: {
    arch: 'amd64',
    install: ['curl', 'vim'],
    epoch: 1000,
    overlay: { digest: 'a'.repeat(64) },
    suites: [{ suite: 'trixie', components: ['main'] }],
  },
  inputs: { base: 'b1', toolchain: 't1' },
}
const params = before.params as Record<string, unknown>
const withParams = (change: Record<string, unknown>) => ({ ...before, params: { ...params, ...change } })
const withInputs = (inputs: ForeseenFingerprint['inputs']) => ({ ...before, inputs })

const cases: readonly (readonly [what: string, after: ForeseenFingerprint, texts: readonly string[]])[] = [
  ['nothing', before, []],
  ['the version of the code', { ...before, version: 2 }, ['version: 1 → 2']],
  ['the kind', { ...before, kind: 'base' }, ['kind: packages → base']],
  ['a name that came', withParams({ install: ['curl', 'htop', 'vim'] }), ['params.install: + htop']],
  ['a name that went', withParams({ install: ['curl'] }), ['params.install: - vim']],
  ['a name for another', withParams({ install: ['curl', 'nano'] }), ['params.install: + nano, - vim']],
  ['an order', withParams({ install: ['vim', 'curl'] }), ['params.install: in another order or number']],
  ['a number', withParams({ epoch: 2000 }), ['params.epoch: 1000 → 2000']],
  ['a file', withParams({ overlay: { digest: 'b'.repeat(64) } }), ['params.overlay.digest: changed']],
  ['a value that came', withParams({ hostname: 'box' }), ['params.hostname: + box']],
  ['a value that went', withParams({ arch: undefined }), ['params.arch: - amd64']],
  [
    'a field deep in a list',
    withParams({ suites: [{ suite: 'sid', components: ['main', 'contrib'] }] }),
    ['params.suites[0].components: + contrib', 'params.suites[0].suite: trixie → sid'],
  ],
  ['an input', withInputs({ base: 'b2', toolchain: 't1' }), ['inputs.base: changed']],
  [
    'an input that is to be made',
    withInputs({ base: undefined, toolchain: 't1' }),
    ['inputs.base: is made first'],
  ],
  [
    'which inputs there are',
    withInputs({ base: 'b1', agent: 'a1' }),
    ['inputs.agent: taken now', 'inputs.toolchain: not taken any more'],
  ],
  ['what is tracked', { ...before, fullyTracked: false }, ['fullyTracked: true → false']],
  [
    'several things at once',
    { ...withParams({ epoch: 1 }), version: 2 },
    ['version: 1 → 2', 'params.epoch: 1000 → 1'],
  ],
  [
    'more names than anybody reads',
    withParams({ install: ['curl', 'vim', ...Array.from({ length: 20 }, (_, index) => `p${index}`)] }),
    [`params.install: ${Array.from({ length: 12 }, (_, index) => `+ p${index}`).join(', ')}, and 8 more`],
  ],
  ['a long text', withParams({ arch: 'x'.repeat(100) }), [`params.arch: amd64 → ${'x'.repeat(59)}…`]],
]

describe('why a step is made again', () => {
  for (const [what, after, texts] of cases) {
    it(`for ${what}`, () => assert.deepEqual(explainChange(before, after).map(differenceText), texts))
  }

  it('is said exactly where parameters differ', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const [one, two] = [a, b].map((value) => JSON.parse(JSON.stringify({ params: value })).params)
        const differences = explainChange({ ...before, params: one }, { ...before, params: two })
        assert.equal(differences.length === 0, sorted(one) === sorted(two))
      }),
    )
  })
})

function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
