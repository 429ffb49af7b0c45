import assert from 'node:assert/strict'
import { closeSync, openSync, renameSync, utimesSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { makeSampleDisk } from '../testkit/sample-disk.ts'
import { expectCode, temporaryFolder } from '../testkit/testkit.ts'
import { begunVerification, verifyAhead } from './ahead.ts'
import { verifyArtifact } from './step.ts'
import { verifyArtifactFile } from './verify.ts'

const { signal } = new AbortController()

async function sample(t: TestContext) {
  const scratch = temporaryFolder(t)
  const { file, payload } = await makeSampleDisk(scratch, 'uefi')
  return { scratch, file, payload: payload.digest, moved: join(scratch, 'moved.raw') }
}

function write(file: string, at: number) {
  const opened = openSync(file, 'r+')
  writeSync(opened, 'changed', at)
  closeSync(opened)
}

describe('a verification that is begun ahead', () => {
  it('is found once, under the name that the file has then, and says what another says', async (t) => {
    const { scratch, file, moved } = await sample(t)
    await verifyAhead(file, { scratch }, signal)
    renameSync(file, moved)
    assert.deepEqual(await begunVerification(moved), await verifyArtifactFile(moved, { scratch }))
    assert.equal(await begunVerification(moved), undefined)
  })

  it('is told what is damaged', async (t) => {
    const { scratch, file } = await sample(t)
    write(file, 512)
    await verifyAhead(file, { scratch }, signal)
    const places = (await begunVerification(file))?.checks.flatMap(({ place, problem }) =>
      problem === undefined ? [] : [place],
    )
    assert.ok(places?.includes('partition table'), String(places))
  })

  it('does not count for a file that was written to or replaced since', async (t) => {
    const { scratch, file } = await sample(t)
    utimesSync(file, 1, 1)
    await verifyAhead(file, { scratch }, signal)
    write(file, 4096)
    assert.equal(await begunVerification(file), undefined)
    await verifyAhead(file, { scratch }, signal)
    writeFileSync(`${file}.part`, 'another')
    renameSync(`${file}.part`, file)
    assert.equal(await begunVerification(file), undefined)
  })

  it('leaves it to the later one to refuse what is no artifact', async (t) => {
    const file = join(temporaryFolder(t), 'junk')
    writeFileSync(file, 'junk')
    await verifyAhead(file, { scratch: file }, signal)
    assert.equal(await begunVerification(file), undefined)
  })
})

describe('the step that verifies an artifact looked at ahead', () => {
  const verify = (scratch: string, digest: string, payload: string) => {
    const facts = { file: 'sample.raw', digest }
    const inputs = { artifact: { folder: scratch, facts }, payload: { digest: payload } }
    type Parameters = [step: never, context: never]
    return verifyArtifact(...([{}, { inputs, out: scratch, scratch, signal }] as Parameters))
  }

  it('is content with what is right, and looks at the checksum by itself', async (t) => {
    const { scratch, file, payload } = await sample(t)
    await verifyAhead(file, { scratch, payload, known: payload }, signal)
    const hex = 'a'.repeat(64)
    writeFileSync(`${file}.sha256`, `${hex}  sample.raw\n`)
    const { facts } = await verify(scratch, `sha256:${hex}`, payload)
    const again = await verify(scratch, `sha256:${hex}`, payload)
    assert.deepEqual(facts, again.facts, 'as many checks as without')
    await verifyAhead(file, { scratch, payload, known: payload }, signal)
    const other = `sha256:${'b'.repeat(64)}`
    const error = await expectCode('E-ARTIFACT-DAMAGED', () => verify(scratch, other, payload))
    assert.match(error.message, /the artifact has another one/)
  })

  it('ends with what is wrong in it', async (t) => {
    const { scratch, file, payload } = await sample(t)
    write(file, 512)
    await verifyAhead(file, { scratch, payload, known: payload }, signal)
    const error = await expectCode('E-ARTIFACT-DAMAGED', () => verify(scratch, 'sha256:', payload))
    assert.deepEqual(error.place, { file })
  })

  it('ends where the payload is another one', async (t) => {
    const { scratch, file } = await sample(t)
    const payload = `sha256:${'c'.repeat(64)}`
    await verifyAhead(file, { scratch, payload, known: payload }, signal)
    const error = await expectCode('E-ARTIFACT-DAMAGED', () => verify(scratch, 'sha256:', payload))
    assert.match(error.message, /the one of this build/)
  })
})
