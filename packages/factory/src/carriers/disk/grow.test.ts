import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { MiB } from '@kiln/contract'
import { runTool } from '../../testkit/sample-disk.ts'
import { expectCode, temporaryFolder } from '../../testkit/testkit.ts'
import { type DiskSource, withDisk } from './disk-source.ts'
import { writeSparse } from './sparse.ts'

const sector = 512

/** A disk with two partitions, as sfdisk writes its table. */
function makeTable(folder: string, bytes: number): string {
  const file = join(folder, 'disk.raw')
  runTool('truncate', [`--size=${bytes}`, file])
  runTool(
    'sfdisk',
    ['--quiet', file],
    {},
    'label: gpt\nstart=2048, size=2048, name="one"\nstart=4096, size=2048, name="two"\n',
  )
  return file
}

const grow = (path: string, bytes: number, to: number, use: (disk: DiskSource) => Promise<void>) =>
  withDisk({ path, bytes, runs: [{ offset: 0, bytes: 64 * 1024 }] }, to, use)

describe('a disk that is made longer', () => {
  for (const to of [9 * MiB, 1024 * MiB])
    it(`has its backup at the end, and nothing left where it was: ${to / MiB} MiB`, async (t) => {
      const folder = temporaryFolder(t)
      const file = makeTable(folder, 8 * MiB)
      const grown = join(folder, 'grown.raw')
      await grow(file, 8 * MiB, to, (disk) => writeSparse(disk, grown))
      assert.match(runTool('sfdisk', ['--verify', grown]), /No errors detected/)
      const table = (path: string) => JSON.parse(runTool('sfdisk', ['--json', path])).partitiontable
      const [before, after] = [table(file), table(grown)]
      assert.deepEqual([after.id, after.partitions.length], [before.id, before.partitions.length])
      assert.equal(after.lastlba, to / sector - 34)
      const old = runTool('od', [
        '-An',
        '-tx1',
        `--skip-bytes=${8 * MiB - 33 * sector}`,
        `--read-bytes=${33 * sector}`,
        grown,
      ])
      assert.match(old.replaceAll(/[\s*]/g, ''), /^0+$/)
    })

  it('stays as it is where no more is wanted', async (t) => {
    const folder = temporaryFolder(t)
    const file = makeTable(folder, 8 * MiB)
    await grow(file, 8 * MiB, 8 * MiB, async ({ bytes, read }) => {
      assert.equal(bytes, 8 * MiB)
      assert.equal((await read(sector, 8)).toString('latin1'), 'EFI PART')
    })
  })

  it('cannot be grown by less than a table', async (t) => {
    const file = makeTable(temporaryFolder(t), 8 * MiB)
    await expectCode('E-BUG', () => grow(file, 8 * MiB, 8 * MiB + sector, async () => {}))
  })
})
