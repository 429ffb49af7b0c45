import { truncate, writeFile } from 'node:fs/promises'
import { type DiskPlan, type PartitionRole, type PlannedPartition, sfdiskScript } from '@kiln/contract'
import type { SandboxRunOptions } from '../../sandbox/sandbox.ts'
import { mke2fsArguments, mke2fsEnvironment } from '../../tools/mke2fs.ts'
import { makeFatPartition } from '../../tools/mtools.ts'
import { sfdiskArguments } from '../../tools/sfdisk.ts'
import type { Identities } from './identities.ts'

export interface DiskOptions {
  /** Where the image comes to lie, here and where the tools see it; its size in bytes. */
  readonly image: { readonly path: string; readonly inside: string; readonly bytes: number }
  readonly plan: DiskPlan
  readonly identities: Identities
  /** Folder with the content of a partition, where the tools see it. */
  readonly sources: (role: PartitionRole) => string | undefined
  /** Seconds since 1970. */
  readonly epoch: number
  /** Runs a program in the toolchain. */
  readonly run: (
    argv: readonly [string, ...string[]],
    options: Pick<SandboxRunOptions, 'env' | 'input'>,
  ) => Promise<unknown>
}

/** Writes table and file systems into a new sparse file. The same options give the same bytes. */
export async function writeDisk(options: DiskOptions): Promise<void> {
  const { image, plan, identities, run } = options
  await writeFile(image.path, '')
  await truncate(image.path, image.bytes)
  const script = sfdiskScript(plan, identities, { firstBoot: true })
  await run(sfdiskArguments(image.inside), { input: script })
  // Each keeps to its own part of the file.
  await Promise.all(plan.partitions.map((partition) => makeFileSystem(partition, options)))
}

async function makeFileSystem(partition: PlannedPartition, options: DiskOptions): Promise<void> {
  const { image, plan, identities, epoch, run } = options
  const target = image.inside
  const folder = options.sources(partition.role)
  const source = folder === undefined ? {} : { source: folder }
  if (partition.fs === 'vfat') {
    const { sectorBytes } = plan
    const volumeId = identities.volume(partition)
    const { argv, env } = makeFatPartition({ target, partition, sectorBytes, volumeId, epoch, ...source })
    await run(argv, { env })
  }
  if (partition.fs === 'ext4') {
    const grows = partition.role === 'persistent'
    const argv = mke2fsArguments({ target, partition, grows, ...identities.fileSystem(partition), ...source })
    await run(argv, { env: mke2fsEnvironment(epoch) })
  }
}
