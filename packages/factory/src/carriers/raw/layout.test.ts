import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MiB, type Payload } from '@kiln/contract'
import { expectCode } from '../../testkit/testkit.ts'
import { imageBytes, layOutImage } from './layout.ts'

const payload = { root: { size: 200 * MiB }, uki: { size: 40 * MiB } } as Payload
const wish = { firmware: 'uefi', generations: 2 } as const

describe('the layout of a disk image', () => {
  it('is as small as it can be, and ends with the partition that grows', () => {
    const plan = layOutImage(wish, payload)
    assert.equal(plan.partitions.at(-1)?.role, 'persistent')
    assert.equal(plan.partitions.at(-1)?.bytes, 256 * MiB)
    assert.equal(imageBytes(plan), 1658 * MiB)
  })

  it('is refused where the payload does not fit what is wished, with the sum', async () => {
    const error = await expectCode('E-DISK-LAYOUT', () =>
      layOutImage({ ...wish, sizes: { state: 500 * MiB } }, payload),
    )
    assert.match(error.message, /^500 MiB for COS_STATE are too little: 864 MiB is the least, for 4 slots/)
    assert.match(error.hint ?? '', /kiln\.yaml/)
  })
})
