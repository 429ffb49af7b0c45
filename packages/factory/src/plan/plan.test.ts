import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { architectures, artifactName, imageName, variants } from '@kiln/contract'
import fc from 'fast-check'
import type { ImportParams } from '../bases/import.ts'
import type { LockedPackage, PackageSet } from '../lock/lock.ts'
import type { ResolvedBuild, ResolvedImage, ToolRoot } from '../resolve/resolve.ts'
import { sha256 } from '../testkit/debian-archive.ts'
import { contentKey, fingerprintOf } from './fingerprint.ts'
import { planBuild, stepId } from './plan.ts'
import type { Plan, Step, StepKind, StepOf } from './step.ts'

const file = (name: string, version = '1'): LockedPackage => ({
  name,
  version,
  architecture: 'amd64',
  sha256: sha256(`${name} ${version}`),
  size: 1000,
  url: `http://mirror.test/pool/${name}_${version}_amd64.deb`,
})

/** A root as the lock has it: the base's packages, and some more. */
const rootOf = (
  names: readonly string[],
  { epoch = 1000, arch = 'amd64', suite = 'trixie' } = {},
): ToolRoot => {
  const set = (packages: readonly string[]): PackageSet => ({
    request: { suite, arch, include: [...packages], exclude: [] },
    archives: [{ uri: 'http://mirror.test/', suite, components: ['main'] }],
    epoch,
    packages: packages.map((name) => file(name, `${epoch}+${arch}`)),
  })
  const base = ['apt', 'libc6']
  return { base: set(base), all: set([...base, ...names].toSorted()) }
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
  root: rootOf(['linux-image-amd64', 'systemd']),
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
const installed = ['linux-image-amd64', 'systemd']
const buildOf = (...images: ResolvedImage[]): ResolvedBuild => ({
  lock: { schema: 'kiln.lock/v1', kiln: 'v0.1.0', sets: {}, bases: {} },
  toolchain: rootOf(['gcc', 'zstd']),
  containerTools: undefined,
  agent: { sources: 's1', version: 'v0.1.0' },
  conversionFiles: 'f1',
  images,
})
const plan = (...images: ResolvedImage[]) => planBuild(buildOf(...images), ['iso'])
const kinds = (made: Plan) => made.steps.map((step) => step.kind)
const count = (made: Plan, kind: StepKind) => kinds(made).filter((each) => each === kind).length

describe('the plan of one image', () => {
  it('has each kind of step once, but for the files: of the base, of the toolchain, and of the image', () => {
    assert.deepEqual(kinds(plan(sample)).toSorted(), [
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
      'repository',
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
    const toolchain = rootOf(['gcc'], { epoch: 500 })
    for (const { id, params } of planBuild({ ...buildOf(sample), toolchain }, ['iso']).steps) {
      if (!('epoch' in params)) continue
      assert.equal(params.epoch, /^(toolchain|boot-loader)/.test(id) ? 500 : 1000, id)
    }
  })

  it('loads each package file for one root only once: the base has its own, the rest comes after', () => {
    const { steps } = plan(sample)
    const files = (id: string) => {
      const step = steps.find((each) => each.id === id)
      return step?.kind === 'repository' ? step.params.packages.map(({ name }) => name) : assert.fail(id)
    }
    const packages = steps.find((step) => step.kind === 'packages')
    const base = steps.find((step) => step.kind === 'base')
    assert.deepEqual(files(base?.inputs.repository ?? ''), ['apt', 'libc6'])
    assert.deepEqual(files(packages?.inputs.repository ?? ''), installed)
  })

  it('installs in the image all that the lock says, those of the base, too', () => {
    const packages = plan(sample).steps.find((step) => step.kind === 'packages')
    assert.deepEqual(packages?.params.packages, sample.root.all.packages)
    assert.deepEqual(packages?.params.archives, sample.root.all.archives)
  })

  it('takes a file again that the base has in another version', () => {
    const { base, all } = sample.root
    const other = file('apt', 'other')
    const packages = [...all.packages.filter(({ name }) => name !== 'apt'), other]
    const made = plan(image({ root: { base, all: { ...all, packages } } }))
    const files = made.steps.find((step) => step.id === stepId(sample, 'files'))
    assert.ok(files?.kind === 'repository' && files.params.packages.includes(other))
  })

  it('shares its base with the toolchain where both have the same, and only there', () => {
    const toolchain = rootOf(['gcc'], { suite: 'forky' })
    const other = planBuild({ ...buildOf(sample), toolchain }, ['iso'])
    assert.deepEqual([count(plan(sample), 'base'), count(other, 'base')], [1, 2])
  })

  it('calls steps and artifacts by the name of the image', () => {
    assert.equal(stepId(sample, 'iso'), 'debian-13-core-amd64-generic-v1.0.0/iso')
    const iso = plan(sample).steps.find((step) => step.kind === 'iso')
    assert.equal(iso?.params.file, 'kairos-debian-13-core-amd64-generic-v1.0.0.iso')
  })

  it('is the same each time', () => assert.deepEqual(plan(sample), plan(image())))
})

describe('the plan of an image with a base that somebody else made', () => {
  const base: ImportParams = {
    base: {
      kind: 'oci',
      reference: 'registry.test/base:1',
      digest: `sha256:${sha256('base')}`,
      tracked: true,
    },
    expected: { ids: ['debian'], release: '13', arch: 'amd64' },
  }
  const imported = image({ root: { base, all: sample.root.all } })
  const made = planBuild({ ...buildOf(imported), containerTools: rootOf(['skopeo']) }, ['iso'])

  it('imports it by the container tools, which are a toolchain of their own', () => {
    const step = made.steps.find((each) => each.kind === 'import')
    assert.deepEqual([step?.id, step?.params], [stepId(imported, 'base'), base])
    assert.deepEqual(step?.inputs, { toolchain: 'container-tools' })
    const tools = made.steps.find(({ id }) => id === 'container-tools')
    assert.equal(tools?.kind, 'toolchain')
    assert.equal(count(plan(sample), 'toolchain'), 1)
  })

  it('installs into it everything that the lock has', () => {
    const files = made.steps.find(({ id }) => id === stepId(imported, 'files'))
    assert.deepEqual(files?.params, { packages: sample.root.all.packages })
    const packages = made.steps.find((step) => step.kind === 'packages')
    assert.equal(packages?.inputs.base, stepId(imported, 'base'))
    assert.equal(packages?.inputs.repository, stepId(imported, 'files'))
  })

  it('names each input after the kind of step that makes it; an import counts as a base', () => {
    const kindOf = new Map(made.steps.map(({ id, kind }) => [id, kind]))
    for (const step of made.steps) {
      for (const [name, id] of Object.entries<string>(step.inputs)) {
        const kind = kindOf.get(id)
        assert.equal(kind === 'import' ? 'base' : kind, name, step.id)
      }
    }
  })

  it('puts each step after its inputs, and makes nothing twice', () => {
    const known = new Set<string>()
    for (const step of made.steps) {
      for (const id of Object.values<string>(step.inputs)) assert.ok(known.has(id), `${step.id} before ${id}`)
      known.add(step.id)
    }
    assert.equal(new Set(keys(made.steps).values()).size, made.steps.length)
  })
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
      { identity: { device: 'other' }, root: rootOf(['htop', ...installed]) },
      ['convert', 'initramfs', 'iso', 'packages', 'payload', 'repository', 'root-image', 'validate'],
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

/** Content key of each step, with the keys of its inputs as their digests. */
function keys(steps: readonly Step[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const step of steps) {
    const inputs = Object.entries<string>(step.inputs).map(([name, id]) => [name, found.get(id) ?? ''])
    found.set(step.id, contentKey(fingerprintOf(step, Object.fromEntries(inputs))))
  }
  return found
}
