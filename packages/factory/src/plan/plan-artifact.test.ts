import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type ArtifactKind,
  artifactFile,
  artifactKinds,
  isContainerArtifact,
  isDocumentArtifact,
} from '@kiln/contract'
import { buildOf, count, sample } from '../testkit/sample-plan.ts'
import { planBuild } from './plan.ts'
import type { Step } from './step.ts'
import { stepId } from './step-id.ts'

const plan = (...kinds: ArtifactKind[]) => planBuild(buildOf(sample), kinds)
const stepFor = (steps: readonly Step[], what: string) => steps.find(({ id }) => id === stepId(sample, what))

describe('the steps of artifacts', () => {
  it('give each artifact a file of its own name', () => {
    const { steps } = plan(...artifactKinds)
    const files = steps.flatMap(({ params }) =>
      'file' in params && typeof params.file === 'string' ? params.file : [],
    )
    assert.equal(new Set(files).size, files.length)
    for (const kind of artifactKinds) assert.ok(files.includes(artifactFile(sample.identity, kind)), kind)
  })

  it('make the disk once, whatever is made from it', () => {
    const made = plan('qcow2', 'vhd', 'gce', 'aws', 'vmdk', 'ova')
    assert.deepEqual([count(made, 'raw'), count(made, 'disk'), count(made, 'ova')], [1, 5, 1])
    const raw = stepId(sample, 'raw')
    for (const step of made.steps) if (step.kind === 'disk') assert.equal(step.inputs.raw, raw, step.id)
  })

  it('put what MAAS runs on a disk of its own', () => {
    const { steps } = plan('raw', 'maas')
    const marks = steps.flatMap((step) => (step.kind === 'raw' ? [[step.id, step.params.curtin]] : []))
    assert.deepEqual(marks, [
      [stepId(sample, 'raw'), undefined],
      [stepId(sample, 'raw-maas'), true],
    ])
    assert.deepEqual(stepFor(steps, 'maas')?.inputs, { raw: stepId(sample, 'raw-maas') })
  })

  it('put the same VMDK into the OVA that is delivered beside it', () => {
    const { steps } = plan('vmdk', 'ova')
    assert.deepEqual(stepFor(steps, 'ova')?.inputs, { disk: stepId(sample, 'vmdk') })
  })

  it('write the disk for one firmware or for both', () => {
    const firmware = (kind: ArtifactKind) => {
      const step = stepFor(plan(kind).steps, kind)
      return step?.kind === 'raw' ? step.params.disk.firmware : assert.fail(kind)
    }
    assert.deepEqual([firmware('raw'), firmware('raw-efi'), firmware('raw-bios')], ['hybrid', 'uefi', 'bios'])
  })

  it('open every artifact of one file again, and compare it with the payload', () => {
    for (const kind of artifactKinds.filter(
      (each) => !isContainerArtifact(each) && !isDocumentArtifact(each),
    )) {
      const verify = stepFor(plan(kind).steps, `${kind}/verify`)
      const inputs = { payload: stepId(sample, 'payload'), artifact: stepId(sample, kind) }
      assert.deepEqual(verify?.inputs, inputs, kind)
    }
  })

  it('take stock of an image once, for every document about it', () => {
    const made = plan('spdx', 'cyclonedx')
    assert.deepEqual([count(made, 'inventory'), count(made, 'document')], [1, 2])
    assert.deepEqual(stepFor(made.steps, 'spdx')?.inputs, { inventory: stepId(sample, 'inventory') })
  })
})
