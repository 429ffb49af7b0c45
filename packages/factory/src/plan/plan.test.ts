import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ImportParams } from '../bases/import.ts'
import { sha256 } from '../testkit/debian-archive.ts'
import {
  buildOf,
  count,
  file,
  image,
  installed,
  keys,
  kinds,
  plan,
  rootOf,
  sample,
} from '../testkit/sample-plan.ts'
import { planBuild } from './plan.ts'
import type { StepKind } from './step.ts'
import { stepId } from './step-id.ts'

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
      'verify',
      'verify-payload',
      'verify-root',
    ])
  })

  it('names each input after the kind of step that makes it, but for the artifact that is verified', () => {
    const { steps } = plan(sample)
    const kindOf = new Map(steps.map((step) => [step.id, step.kind]))
    for (const step of steps) {
      for (const [name, id] of Object.entries<string>(step.inputs))
        assert.equal(kindOf.get(id), name === 'artifact' ? 'iso' : name, step.id)
    }
  })

  it('makes only the artifacts that are wanted', () => {
    assert.equal(count(planBuild(buildOf(sample), []), 'iso'), 0)
    assert.equal(count(planBuild(buildOf(sample), ['iso']), 'iso'), 1)
    assert.deepEqual(
      ['iso', 'raw'].map((kind) => count(planBuild(buildOf(sample), ['raw']), kind as StepKind)),
      [0, 1],
    )
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

  it('makes a container image of the layers and the payload, under the tag of the image', () => {
    const { steps } = planBuild(buildOf(sample), ['oci'])
    const oci = steps.find((step) => step.kind === 'oci')
    assert.deepEqual(oci?.params, {
      file: 'kairos-debian-13-core-amd64-generic-v1.0.0.oci',
      tag: '13-core-amd64-generic-v1.0.0',
      arch: 'amd64',
      compression: 'zstd',
      epoch: sample.root.all.epoch,
    })
    const inputs = ['convert', 'image-layers', 'packages', 'payload', 'root-image', 'toolchain']
    assert.deepEqual(Object.keys(oci?.inputs ?? {}).sort(), inputs)
  })

  it('makes a file for Docker of the container image, also where that is not wanted itself', () => {
    for (const artifacts of [['docker'], ['docker', 'oci']] as const) {
      const { steps } = planBuild(buildOf(sample), artifacts)
      assert.deepEqual(
        ['oci', 'docker'].map((kind) => steps.filter((step) => step.kind === kind).length),
        [1, 1],
      )
      const docker = steps.find((step) => step.kind === 'docker')
      assert.equal(docker?.params.file, 'kairos-debian-13-core-amd64-generic-v1.0.0.docker.tar')
      assert.equal(docker?.params.layout, 'kairos-debian-13-core-amd64-generic-v1.0.0.oci')
      assert.equal(docker?.inputs.oci, stepId(sample, 'oci'))
    }
  })

  it('packs the packages as image layers once for all versions that have the same', () => {
    const versions = [sample, image({ identity: { version: 'v2.0.0' } })]
    const both = planBuild(buildOf(...versions), ['oci'])
    assert.deepEqual([count(both, 'image-layers'), count(both, 'oci')], [1, 2])
    const gzip = planBuild(buildOf(sample, image({ compression: 'gzip' })), ['oci'])
    assert.deepEqual([count(gzip, 'packages'), count(gzip, 'image-layers')], [1, 2])
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
        if (name === 'artifact') continue
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
