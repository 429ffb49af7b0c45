import { run } from '@kiln/factory/tools/process'
import type { Range } from './replay-disk.ts'

export interface Partition extends Range {
  readonly name: string
}

export interface PartitionTable {
  readonly partitions: readonly Partition[]
  /** What is wrong with it: also where the backup would do, for the kernel does not look at that. */
  readonly problem?: string
}

interface Listed {
  readonly sectorsize: number
  readonly partitions?: readonly { readonly name?: string; readonly start: number; readonly size: number }[]
}

/** The partitions of a disk image, as sfdisk reads them. */
export async function readTable(file: string): Promise<PartitionTable> {
  const { code, stdout, stderr } = await run('sfdisk', ['--json', file], { okCodes: [0, 1] })
  if (code !== 0) return { partitions: [], problem: stderr.trim() || 'there is no partition table' }
  const { sectorsize, partitions = [] } = (JSON.parse(stdout) as { partitiontable: Listed }).partitiontable
  const problem = stderr.split('\n').find((line) => /primary GPT table is corrupt/i.test(line))
  return {
    partitions: partitions.map(({ name = '', start, size }) => ({
      name,
      offset: start * sectorsize,
      bytes: size * sectorsize,
    })),
    ...(problem === undefined ? {} : { problem }),
  }
}
