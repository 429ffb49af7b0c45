import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { diskArtifactBytes } from '@kiln/contract'
import type { DiskParams } from '../../plan/step.ts'
import type { Executors } from '../../run/engine.ts'
import { seededUuid } from '../../tools/veritysetup.ts'
import { finishArtifact } from '../finish-artifact.ts'
import { type DiskSource, withDisk } from './disk-source.ts'
import { writeGce } from './gce.ts'
import { writeRawGzip } from './maas.ts'
import { writeQcow2 } from './qcow2.ts'
import { writeSparse } from './sparse.ts'
import { writeVhd } from './vhd.ts'
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
  const { folder, facts } = inputs.raw
  const source = join(folder, facts.file)
  const target = join(out, params.file)
  const bytes = diskArtifactBytes(params.format, (await stat(source)).size)
  await withDisk(source, bytes, (disk) => writers[params.format](disk, target, params, inputs.raw.digest))
  const finished = await finishArtifact(out, params.file)
  return { ...finished, facts: { ...finished.facts, diskBytes: bytes } }
}
