import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { architectures, artifactName, imageName, variants } from '@kiln/contract'
import fc from 'fast-check'
import type { ResolvedArchive } from '../resolve/archive.ts'
import type { ResolvedBuild, ResolvedImage } from '../resolve/resolve.ts'
import { contentKey, fingerprintOf } from './fingerprint.ts'
import { planBuild, stepId } from './plan.ts'
import type { Plan, Step, StepKind, StepOf } from './step.ts'

const archive: ResolvedArchive = {
  suites: [{ uri: 'http://mirror.test/', suite: 'trixie', components: ['main'], release: 'r1' }],
  keyring: { file: '/keys/a.gpg', digest: 'k1' },
  epoch: 1000,
}

const sample: ResolvedImage = {
  identity: {
    flavor: 'debian',
    flavorRelease: '13',
    variant: 'core',
    arch: 'amd64',
    device: 'generic',
    version: 'v1.0.0',
  },
  name: 'sample',
  family: 'debian',
  archive,
  install: ['linux-image-amd64', 'systemd'],
  remove: [],
  hostname: undefined,
  layout: { schema: 'kiln.layout/v1', ephemeral: ['/etc'], persistent: ['/home'], store: '/usr/local' },
  services: { enable: ['ssh.service'], mask: [] },
  overlay: undefined,
  medium: undefined,
  cloudConfig: undefined,
  cmdline: [],
}

type Change = Omit<Partial<ResolvedImage>, 'identity'> & { identity?: Partial<ResolvedImage['identity']> }
const image = ({ identity, ...change }: Change = {}): ResolvedImage => ({
  ...sample,
  ...change,
  identity: { ...sample.identity, ...identity },
})
const buildOf = (...images: ResolvedImage[]): ResolvedBuild => ({
  toolchain: archive,
  agent: { sources: 's1', version: 'v0.1.0' },
  conversionFiles: 'f1',
  images,
})
const plan = (...images: ResolvedImage[]) => planBuild(buildOf(...images), ['iso'])
const kinds = (made: Plan) => made.steps.map((step) => step.kind)
const count = (made: Plan, kind: StepKind) => kinds(made).filter((each) => each === kind).length

describe('the plan of one image', () => {
  it('has each kind of step once', () => {
    assert.deepEqual(kinds(plan(sample)).toSorted(), [
      'agent',
      'base',
      'convert',
      'initramfs',
      'iso',
      'packages',
      'payload',
      'root-image',
      'toolchain',
      'validate',
    ])
  })

  it('names each input after the kind of step that makes it', () => {
    const { steps } = plan(sample)
    const kindOf = new Map(steps.map((step) => [step.id, step.kind]))
    for (const step of steps) {
      for (const [name, id] of Object.entries<string>(step.inputs))
        assert.equal(kindOf.get(id), name, step.id)
    }
  })

  it('makes only the artifacts that are wanted', () => {
    assert.equal(count(planBuild(buildOf(sample), []), 'iso'), 0)
    assert.equal(count(planBuild(buildOf(sample), ['iso']), 'iso'), 1)
  })

  it('packs the payload only after the validation has passed', () => {
    const payload = plan(sample).steps.find((step) => step.kind === 'payload')
    assert.equal(payload?.inputs.validate, stepId(sample, 'validate'))
  })

  it('takes the same time for everything: that of its archive', () => {
    for (const { params } of plan(sample).steps) {
      if ('epoch' in params) assert.equal(params.epoch, archive.epoch)
    }
  })

  it('calls steps and artifacts by the name of the image', () => {
    assert.equal(stepId(sample, 'iso'), 'debian-13-core-amd64-generic-v1.0.0/iso')
    const iso = plan(sample).steps.find((step) => step.kind === 'iso')
    assert.equal(iso?.params.file, 'kairos-debian-13-core-amd64-generic-v1.0.0.iso')
  })

  it('is the same each time', () => assert.deepEqual(plan(sample), plan(image())))
})

describe('the plan of several images', () => {
  const shared: readonly (readonly [what: string, change: Change, twice: readonly StepKind[]])[] = [
    ['nothing', {}, []],
    [
      'the variant',
      { identity: { variant: 'standard' } },
      ['convert', 'initramfs', 'iso', 'payload', 'root-image', 'validate'],
    ],
    [
      'an overlay',
      { identity: { device: 'other' }, overlay: { folder: '/a', digest: 'o1' } },
      ['convert', 'initramfs', 'iso', 'payload', 'root-image', 'validate'],
    ],
    [
      'a package',
      { identity: { device: 'other' }, install: ['htop', ...sample.install] },
      ['convert', 'initramfs', 'iso', 'packages', 'payload', 'root-image', 'validate'],
    ],
    [
      'the state of the archive',
      { identity: { device: 'other' }, archive: { ...archive, epoch: 2000 } },
      ['base', 'convert', 'initramfs', 'iso', 'packages', 'payload', 'root-image', 'validate'],
    ],
    [
      'the architecture',
      { identity: { arch: 'arm64' } },
      ['agent', 'base', 'convert', 'initramfs', 'iso', 'packages', 'payload', 'root-image', 'validate'],
    ],
  ]
  for (const [what, change, twice] of shared) {
    it(`that differ in ${what} make twice: ${twice.join(', ') || 'nothing'}`, () => {
      const made = plan(sample, image(change))
      const doubled = [...new Set(kinds(made))].filter((kind) => count(made, kind) === 2)
      assert.deepEqual(doubled.toSorted(), [...twice])
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
    const all = changes.map(({ epoch, ...change }) => image({ ...change, archive: { ...archive, epoch } }))
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

/** Content key of each step, with the keys of its inputs as their digests. */
function keys(steps: readonly Step[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const step of steps) {
    const inputs = Object.entries<string>(step.inputs).map(([name, id]) => [name, found.get(id) ?? ''])
    found.set(step.id, contentKey(fingerprintOf(step, Object.fromEntries(inputs))))
  }
  return found
}
