import assert from 'node:assert/strict'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { makeSampleDisk, runTool } from '../../testkit/sample-disk.ts'
import { temporaryFolder } from '../../testkit/testkit.ts'
import { verifyArtifactFile } from '../../verify/verify.ts'

const makeDisk = async (t: TestContext) => {
  const folder = temporaryFolder(t)
  const { file } = await makeSampleDisk(folder, 'uefi', { device: 'rpi3' })
  return { folder, file }
}

/** The four entries of the first sector: type, first sector, sectors. */
function entriesOf(file: string): readonly (readonly [number, number, number])[] {
  const handle = openSync(file, 'r')
  const table = Buffer.alloc(64)
  readSync(handle, table, 0, 64, 446)
  closeSync(handle)
  return [0, 16, 32, 48].map((at) => [
    table[at + 4] ?? 0,
    table.readUInt32LE(at + 8),
    table.readUInt32LE(at + 12),
  ])
}

const problemsOf = async (folder: string, file: string) =>
  (await verifyArtifactFile(file, { scratch: folder })).checks.flatMap(({ place, problem }) =>
    problem === undefined ? [] : [`${place}: ${problem}`],
  )

describe('the disk of a board whose firmware knows no GPT', () => {
  it('names the EFI partition in the first sector, and protects what is before it', async (t) => {
    const { file } = await makeDisk(t)
    const { partitiontable: table } = JSON.parse(runTool('sfdisk', ['--json', file]))
    const efi = table.partitions.find(({ name }: { name: string }) => name === 'efi')
    assert.deepEqual(entriesOf(file), [
      [0x0c, efi.start, efi.size],
      [0xee, 1, efi.start - 1],
      [0, 0, 0],
      [0, 0, 0],
    ])
  })

  it('is a GPT disk to those who know one, and sound', async (t) => {
    const { folder, file } = await makeDisk(t)
    assert.equal(JSON.parse(runTool('sfdisk', ['--json', file])).partitiontable.label, 'gpt')
    assert.deepEqual(await problemsOf(folder, file), [])
  })

  it('keeps that sector when the table is written again, as the first boot does', async (t) => {
    const { file } = await makeDisk(t)
    const before = entriesOf(file)
    runTool('sfdisk', [
      '--no-reread',
      '--no-tell-kernel',
      '--disk-id',
      file,
      '00010203-0405-4607-8809-0a0b0c0d0e0f',
    ])
    assert.deepEqual(entriesOf(file), before)
  })

  it('is refused where the entry leads elsewhere', async (t) => {
    const { folder, file } = await makeDisk(t)
    const handle = openSync(file, 'r+')
    writeSync(handle, Buffer.from([1]), 0, 1, 454)
    closeSync(handle)
    assert.deepEqual(await problemsOf(folder, file), [
      'first sector: there are others beside it',
      'first sector: it is not there',
    ])
  })
})
