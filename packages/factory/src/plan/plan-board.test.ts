import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { boardOf } from '../boards/load.ts'
import { buildOf, file, image } from '../testkit/sample-plan.ts'
import { planBuild } from './plan.ts'
import { stepId } from './step-id.ts'

const data = boardOf('rpi4') ?? assert.fail('there is no rpi4')
const board = image({
  identity: { device: 'rpi4' },
  board: { data, packages: [file('raspi-firmware'), file('u-boot-rpi')] },
})

describe('the plan of an image for a board', () => {
  const { steps } = planBuild(buildOf(board), ['img', 'img-oci'])
  const step = (what: string) => steps.find(({ id }) => id === stepId(board, what))

  it('takes the firmware from its packages, and device trees from the kernel of the image', () => {
    const files = step('board')
    assert.ok(files?.kind === 'board')
    assert.equal(files.inputs.packages, stepId(board, 'packages'))
    const repository = steps.find(({ id }) => id === files.inputs.repository)
    assert.ok(repository?.kind === 'repository')
    assert.deepEqual(
      repository.params.packages.map(({ name }) => name),
      ['raspi-firmware', 'u-boot-rpi'],
    )
  })

  it('puts them on the disk, whose first sector is as the board wants it', () => {
    const disk = step('img')
    assert.ok(disk?.kind === 'raw')
    assert.deepEqual([disk.inputs.board, disk.params.mbr], [stepId(board, 'board'), 'hybrid'])
    assert.equal(disk.params.file, 'kairos-debian-13-core-amd64-rpi4-v1.0.0.img')
  })

  it('tells the kernel the serial port of the board', () => {
    const payload = step('payload')
    assert.ok(payload?.kind === 'payload')
    assert.deepEqual(payload.params.serial, ['ttyS1,115200'])
  })

  it('takes the modules along that find its root', () => {
    const initramfs = step('initramfs')
    assert.ok(initramfs?.kind === 'initramfs' && initramfs.params.modules?.includes('gpio_regulator'))
  })

  it('puts the same disk into a container image, under the tag of the field', () => {
    const carried = step('img-oci')
    assert.ok(carried?.kind === 'img-oci')
    assert.equal(carried.inputs.raw, stepId(board, 'img'))
    assert.equal(carried.params.tag, '13-core-amd64-rpi4-v1.0.0-img')
    assert.equal(steps.filter(({ kind }) => kind === 'raw').length, 1)
  })
})
