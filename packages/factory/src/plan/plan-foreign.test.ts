import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildOf, count, image, rootOf, sample } from '../testkit/sample-plan.ts'
import { planBuild } from './plan.ts'
import { stepId } from './step-id.ts'

const arch = 'arm64'
const foreign = image({ identity: { arch }, root: rootOf(['linux-image-arm64'], { arch }) })
const roots = {
  arch,
  cross: rootOf(['qemu-user']),
  target: rootOf(['systemd-boot-efi'], { arch, epoch: 1000 }),
} as const

describe('the plan of an image of another architecture', () => {
  const { steps } = planBuild({ ...buildOf(foreign), foreign: [roots] }, ['iso'])
  const inputs = (id: string) => steps.find((step) => step.id === id)?.inputs as Record<string, string>

  it('runs its programs by an emulator, which is a root that runs here', () => {
    for (const step of ['packages', 'convert'])
      assert.equal(inputs(stepId(foreign, step)).emulator, 'cross-arm64')
    assert.equal(inputs('target-arm64').emulator, 'cross-arm64')
    assert.equal(inputs('cross-arm64').emulator, undefined)
    const emulated = steps.filter((step) => step.kind === 'base' && step.params.arch === arch)
    assert.deepEqual(
      emulated.map((step) => (step.inputs as { emulator?: string }).emulator),
      ['cross-arm64'],
    )
  })

  it('compiles the agent across, and takes what goes into the image from the tools of the architecture', () => {
    assert.deepEqual(inputs('agent/arm64'), { toolchain: 'cross-arm64', target: 'target-arm64' })
    assert.deepEqual(inputs('boot-loader/arm64'), { toolchain: 'toolchain', target: 'target-arm64' })
    assert.equal(inputs(stepId(foreign, 'initramfs')).target, 'target-arm64')
  })

  it('packs and looks by the toolchain alone', () => {
    for (const step of ['validate', 'root-image', 'payload', 'iso', 'iso/verify']) {
      const names = Object.keys(inputs(stepId(foreign, step)))
      assert.ok(!names.includes('emulator') && !names.includes('target'), step)
    }
  })

  it('shares its base with those tools', () => {
    assert.equal(count({ steps }, 'base'), 2)
  })

  it('leaves the steps of an image of this machine as they are', () => {
    const both = planBuild({ ...buildOf(sample, foreign), foreign: [roots] }, ['iso']).steps
    for (const step of planBuild(buildOf(sample), ['iso']).steps)
      assert.deepEqual(
        both.find(({ id }) => id === step.id),
        step,
      )
  })
})
