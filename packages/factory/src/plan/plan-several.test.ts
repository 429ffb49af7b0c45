import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { architectures, artifactName, imageName, variants } from '@kiln/contract'
import fc from 'fast-check'
import { type Change, image, installed, keys, kinds, plan, rootOf, sample } from '../testkit/sample-plan.ts'
import type { StepKind, StepOf } from './step.ts'
import { stepId } from './step-id.ts'

describe('the plan of several images', () => {
  const shared: readonly (readonly [what: string, change: Change, twice: readonly StepKind[]])[] = [
    ['nothing', {}, []],
    [
      'the variant',
      { identity: { variant: 'standard' } },
      [
        'convert',
        'initramfs',
        'iso',
        'payload',
        'root-image',
        'validate',
        'verify',
        'verify-payload',
        'verify-root',
      ],
    ],
    [
      'an overlay',
      { identity: { device: 'other' }, overlay: { folder: '/a', digest: 'o1' } },
      [
        'convert',
        'initramfs',
        'iso',
        'payload',
        'root-image',
        'validate',
        'verify',
        'verify-payload',
        'verify-root',
      ],
    ],
    [
      'a package',
      { identity: { device: 'other' }, root: rootOf(['htop', ...installed]) },
      [
        'convert',
        'initramfs',
        'iso',
        'packages',
        'payload',
        'repository',
        'root-image',
        'validate',
        'verify',
        'verify-payload',
        'verify-root',
      ],
    ],
    [
      'the state of the archive',
      { identity: { device: 'other' }, root: rootOf(installed, { epoch: 2000 }) },
      [
        'base',
        'convert',
        'initramfs',
        'iso',
        'packages',
        'payload',
        'repository',
        'repository',
        'root-image',
        'validate',
        'verify',
        'verify-payload',
        'verify-root',
      ],
    ],
    [
      'the architecture',
      { identity: { arch: 'arm64' }, root: rootOf(installed, { arch: 'arm64' }) },
      [
        'agent',
        'base',
        'boot-loader',
        'convert',
        'initramfs',
        'iso',
        'packages',
        'payload',
        'repository',
        'repository',
        'root-image',
        'validate',
        'verify',
        'verify-payload',
        'verify-root',
      ],
    ],
  ]
  for (const [what, change, twice] of shared) {
    it(`that differ in ${what} make twice: ${twice.join(', ') || 'nothing'}`, () => {
      const added = kinds(plan(sample, image(change)))
      for (const kind of kinds(plan(sample))) added.splice(added.indexOf(kind), 1)
      assert.deepEqual(added.toSorted(), [...twice])
    })
  }

  it('points the inputs of the second image to the shared steps of the first', () => {
    const second = image({ identity: { variant: 'standard' } })
    const convert = plan(sample, second).steps.find(
      (step): step is StepOf<'convert'> => step.id === stepId(second, 'convert'),
    )
    assert.equal(convert?.inputs.packages, stepId(sample, 'packages'))
    assert.equal(convert?.inputs.agent, 'agent/amd64')
  })

  const images = fc.uniqueArray(
    fc.record({
      identity: fc.record({
        flavorRelease: fc.constantFrom('12', '13'),
        variant: fc.constantFrom(...variants),
        arch: fc.constantFrom(...architectures),
      }),
      install: fc.subarray(['curl', 'nano', 'systemd']),
      epoch: fc.constantFrom(1000, 2000),
    }),
    {
      minLength: 1,
      maxLength: 6,
      selector: ({ identity }) => imageName({ ...sample.identity, ...identity }),
    },
  )
  const planOf = (changes: typeof images extends fc.Arbitrary<infer T> ? T : never) => {
    const all = changes.map(({ epoch, install, identity }) => {
      const root = rootOf(install, { epoch, arch: identity.arch, suite: identity.flavorRelease })
      return image({ identity, root })
    })
    return { all, made: plan(...all) }
  }

  it('puts each step after its inputs, and each id only once', () => {
    fc.assert(
      fc.property(images, (changes) => {
        const known = new Set<string>()
        for (const step of planOf(changes).made.steps) {
          for (const id of Object.values<string>(step.inputs))
            assert.ok(known.has(id), `${step.id} before ${id}`)
          assert.ok(!known.has(step.id), `${step.id} twice`)
          known.add(step.id)
        }
      }),
    )
  })

  it('never makes the same content twice', () => {
    fc.assert(
      fc.property(images, (changes) => {
        const { steps } = planOf(changes).made
        assert.equal(new Set(keys(steps).values()).size, steps.length)
      }),
    )
  })

  it('makes the payload and artifacts of each image, by its own name', () => {
    fc.assert(
      fc.property(images, (changes) => {
        const { all, made } = planOf(changes)
        const ids = new Set(made.steps.map((step) => step.id))
        for (const each of all) for (const what of ['payload', 'iso']) assert.ok(ids.has(stepId(each, what)))
        const files = made.steps.flatMap((step) => (step.kind === 'iso' ? [step.params.file] : []))
        assert.deepEqual(
          files,
          all.map(({ identity }) => artifactName(identity, '.iso')),
        )
      }),
    )
  })
})
