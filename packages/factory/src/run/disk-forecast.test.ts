import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { GiB, MiB } from '@kiln/contract'
import type { DiskWish } from '../definition/disk.ts'
import type { Step } from '../plan/step.ts'
import { fakeBuild, fakeStep } from '../testkit/fake-build.ts'
import { makeSamplePayload } from '../testkit/sample-payload.ts'
import { expectCode, temporaryFolder } from '../testkit/testkit.ts'
import { forecastDisks } from './disk-forecast.ts'
import { forecast } from './forecast.ts'

const wish: DiskWish = { firmware: 'hybrid', generations: 2 }

function stepsFor(disk: DiskWish): Step[] {
  const raw = { ...fakeStep('raw', ['payload']), params: { file: 'a.raw', disk } } as Step
  const disks = (['gce', 'vmdk'] as const).map(
    (format) => ({ ...fakeStep('disk', ['raw'], { file: `a.${format}`, format }), id: format }) as Step,
  )
  const ova = { ...fakeStep('ova', [], { file: 'a.ova' }), inputs: { disk: 'vmdk' } } as unknown as Step
  return [fakeStep('payload'), raw, ...disks, ova]
}

/** @param built whether the payload was made before */
async function forecastFor(t: TestContext, disk: DiskWish, built = true) {
  const folder = temporaryFolder(t)
  const cache = join(folder, 'cache')
  const { card } = makeSamplePayload(join(folder, 'payload'))
  const build = fakeBuild(cache, async (_step, { out }) => {
    await writeFile(join(out, 'payload.json'), JSON.stringify(card))
    return { facts: {} }
  })
  if (built) await build.run([fakeStep('payload')])
  await build.store.close()
  return forecastDisks(await forecast({ steps: stepsFor(disk) }, cache), cache)
}

describe('the disks of a plan', () => {
  it('have a size that is the sum of its terms, and in each artifact what that one takes', async (t) => {
    const [disk] = await forecastFor(t, wish)
    assert.deepEqual([disk?.step, disk?.firmware], ['raw', 'hybrid'])
    const { terms = [], minimumBytes = 0, files = [] } = disk?.layout ?? {}
    assert.equal(
      terms.reduce((sum, { bytes }) => sum + bytes, 0),
      minimumBytes,
    )
    const raw = Math.ceil(minimumBytes / MiB) * MiB
    assert.deepEqual(
      files.map(({ file, bytes }) => [file, bytes]),
      [
        ['a.raw', raw],
        ['a.gce', GiB],
        ['a.vmdk', raw],
        ['a.ova', raw],
      ],
    )
  })

  it('have the size that is wished', async (t) => {
    const [disk] = await forecastFor(t, { ...wish, bytes: 5 * GiB })
    assert.deepEqual(
      disk?.layout?.files.map(({ bytes }) => bytes),
      [5 * GiB, 5 * GiB, 5 * GiB, 5 * GiB],
    )
  })

  it('have none yet where the payload is to be made first', async (t) => {
    assert.deepEqual(await forecastFor(t, wish, false), [{ step: 'raw', firmware: 'hybrid' }])
  })

  it('are refused as by the build, where they are too small', async (t) => {
    const error = await expectCode('E-DISK-LAYOUT', () => forecastFor(t, { ...wish, bytes: 400 * MiB }))
    assert.match(error.message, /the disk has 400 MiB and \d+ MiB are needed/)
  })
})
