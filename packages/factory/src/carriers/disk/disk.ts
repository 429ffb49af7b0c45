import { join } from 'node:path'
import { diskArtifactBytes, diskSizeProblem, KilnError } from '@kiln/contract'
import type { DiskParams } from '../../plan/step.ts'
import type { Executors } from '../../run/engine.ts'
import { seededUuid } from '../../tools/veritysetup.ts'
import { finishArtifact } from '../finish-artifact.ts'
import type { Run } from './data-map.ts'
import { type DiskSource, withDisk } from './disk-source.ts'
import { writeGce } from './gce.ts'
import { writeRawGzip } from './maas.ts'
import { writeQcow2 } from './qcow2.ts'
import { writeSparse } from './sparse.ts'
import { footerBytes, writeVhd } from './vhd.ts'
import { writeVmdk } from './vmdk.ts'

/** @param seed other for other content */
type FormatWriter = (disk: DiskSource, target: string, params: DiskParams, seed: string) => Promise<void>

const writers: Readonly<Record<DiskParams['format'], FormatWriter>> = {
  qcow2: (disk, target) => writeQcow2(disk, target),
  vhd: (disk, target, { epoch }, seed) => writeVhd(disk, target, { uuid: seededUuid(`vhd ${seed}`), epoch }),
  gce: (disk, target, { epoch }) => writeGce(disk, target, epoch),
  aws: (disk, target) => writeSparse(disk, target),
  vmdk: (disk, target, { file }, seed) =>
    writeVmdk(disk, target, { name: file, contentId: seededUuid(`vmdk ${seed}`).slice(0, 8) }),
  maas: (disk, target) => writeRawGzip(disk, target),
}

/** The disk image in another format: the same bytes, in a disk as long as its format or cloud wants it. */
export const makeDisk: Executors['disk'] = async ({ params }, { inputs, out }) => {
  const { folder, facts, digest } = inputs.raw
  const { file, format } = params
  const bytes = diskArtifactBytes(format, facts.size)
  const problem = diskSizeProblem(format, bytes)
  if (problem) throw new KilnError('E-DISK-SIZE', problem.message, { hint: problem.hint })
  const target = join(out, file)
  const source = { path: join(folder, facts.file), bytes: facts.size, runs: facts.runs }
  const runs = await withDisk(source, bytes, async (disk) => {
    await writers[format](disk, target, params, digest)
    return disk.runs
  })
  const finished = await finishArtifact(out, file, emptyPlaces(format, runs, bytes))
  return { ...finished, facts: { ...finished.facts, diskBytes: bytes } }
}

/** What is not zero in a file that has holes where the disk has some. */
function emptyPlaces(
  format: DiskParams['format'],
  runs: readonly Run[],
  bytes: number,
): readonly Run[] | undefined {
  if (format === 'aws') return runs
  return format === 'vhd' ? [...runs, { offset: bytes, bytes: footerBytes }] : undefined
}
