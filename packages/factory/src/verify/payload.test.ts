import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Payload } from '@kiln/contract'
import { makeSampleDisk } from '../testkit/sample-disk.ts'
import { makeSamplePayload } from '../testkit/sample-payload.ts'
import { temporaryFolder } from '../testkit/testkit.ts'
import type { Check } from './report.ts'
import { verifyPayloadInThread, verifyRootInThread } from './thread.ts'
import { verifyArtifactFile } from './verify.ts'

const { signal } = new AbortController()
const problemsOf = (checks: readonly Check[]) => checks.flatMap(({ problem }) => problem ?? [])
const placesOf = (checks: readonly Check[]) =>
  checks.flatMap(({ place, problem }) => (problem === undefined ? [] : [place]))

async function look(folder: string): Promise<readonly Check[]> {
  const { root } = Payload.parse(JSON.parse(readFileSync(join(folder, 'payload.json'), 'utf8')))
  const checks = [
    verifyRootInThread(join(folder, root.file), root, signal),
    verifyPayloadInThread(folder, signal),
  ]
  return (await Promise.all(checks)).flat()
}

describe('a payload before anything carries it', () => {
  it('is looked into as one in an artifact is', async (t) => {
    const { folder } = makeSamplePayload(temporaryFolder(t))
    const checks = await look(folder)
    assert.deepEqual(problemsOf(checks), [])
    const places = new Set(checks.map(({ place }) => place))
    for (const place of ['root.img', 'initramfs', 'boot.efi', 'systemd-boot.efi', 'command line'])
      assert.ok(places.has(place), place)
  })

  it('is refused with a root that its hash tree is not for', async (t) => {
    const { folder } = makeSamplePayload(temporaryFolder(t))
    flip(join(folder, 'root.img'), 5000)
    assert.deepEqual(placesOf(await look(folder)), ['root.img'])
  })

  it('is refused with a UKI of another initramfs', async (t) => {
    const { folder } = makeSamplePayload(temporaryFolder(t))
    const other = makeSamplePayload(join(folder, 'other'), { machine: 183 })
    writeFileSync(join(folder, 'boot.efi'), readFileSync(join(other.folder, 'boot.efi')))
    assert.deepEqual([...new Set(placesOf(await look(folder)))], ['boot.efi'])
  })
})

describe('an artifact with a payload that was looked at before', () => {
  it('needs fewer looks, and is refused all the same where a file became another', async (t) => {
    const scratch = temporaryFolder(t)
    const { file, payload } = await makeSampleDisk(scratch, 'uefi')
    const known = { scratch, known: payload.digest }
    const [all, few] = [await verifyArtifactFile(file, { scratch }), await verifyArtifactFile(file, known)]
    assert.deepEqual([problemsOf(all.checks), problemsOf(few.checks)], [[], []])
    assert.ok(few.checks.length < all.checks.length)
    const root = readFileSync(join(payload.folder, 'root.img')).subarray(4096, 8192)
    flip(file, readFileSync(file).indexOf(root))
    assert.match(placesOf((await verifyArtifactFile(file, known)).checks).join(), /root\.img$/)
  })
})

function flip(file: string, offset: number): void {
  const byte = readFileSync(file)[offset] ?? 0
  const handle = openSync(file, 'r+')
  writeSync(handle, Buffer.of(byte ^ 1), 0, 1, offset)
  closeSync(handle)
}
