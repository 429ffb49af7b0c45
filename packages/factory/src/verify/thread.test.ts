import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { KilnError } from '@kiln/contract'
import { makeSampleDisk } from '../testkit/sample-disk.ts'
import { expectCode, temporaryFolder } from '../testkit/testkit.ts'
import { verifyInThread } from './thread.ts'
import { verifyArtifactFile } from './verify.ts'

const { signal } = new AbortController()

describe('a verification in a thread of its own', () => {
  it('says the same, also of several at once', async (t) => {
    const scratch = temporaryFolder(t)
    const { file } = await makeSampleDisk(scratch, 'uefi')
    const wanted = await verifyArtifactFile(file, { scratch })
    const found = await Promise.all([1, 2, 3].map(() => verifyInThread(file, { scratch }, signal)))
    assert.deepEqual(found, [wanted, wanted, wanted])
  })

  it('refuses as the other does, and goes on afterwards', async (t) => {
    const scratch = temporaryFolder(t)
    const file = join(scratch, 'junk')
    writeFileSync(file, 'junk')
    for (const _time of [1, 2]) {
      const error = await expectCode('E-ARTIFACT-UNKNOWN', () => verifyInThread(file, { scratch }, signal))
      assert.deepEqual([error.place, typeof error.hint], [{ file }, 'string'])
    }
    await assert.rejects(verifyInThread(join(scratch, 'none'), { scratch }, signal), /ENOENT/)
  })

  it('ends at once when the build ends, and can begin again', async (t) => {
    const scratch = temporaryFolder(t)
    const { file } = await makeSampleDisk(scratch, 'uefi')
    const abort = new AbortController()
    const running = verifyInThread(file, { scratch }, abort.signal)
    abort.abort(new KilnError('E-INTERRUPTED', 'interrupted'))
    await expectCode('E-INTERRUPTED', () => running)
    assert.equal((await verifyInThread(file, { scratch }, signal)).format, 'raw')
  })
})
