import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Payload } from '@kiln/contract'
import { boardFolder } from '../../boards/board-files.ts'
import { rootImageFile } from '../../payload/root-image.ts'
import type { Executors } from '../../run/engine.ts'
import { runInSandbox } from '../../sandbox/sandbox.ts'
import { toolchainSandbox } from '../../toolchain/toolchain.ts'
import { finishDisk } from '../finish-artifact.ts'
import { writeBiosBoot } from './bios-boot.ts'
import { stageContents } from './contents.ts'
import { writeHybridMbr } from './hybrid-mbr.ts'
import { identitiesFor, identitySeed } from './identities.ts'
import { imageBytes, layOutImage } from './layout.ts'
import { writeDisk } from './write-disk.ts'

const inside = '/run/work/disk'

/**
 * A disk on which the system is installed already, as a sparse file. It is written from outside: nothing is mounted, and no
 * loop device is needed. Its first boot gives it identities of its own and the whole of the disk that it was put on.
 */
export const makeRaw: Executors['raw'] = async ({ params }, context) => {
  const { inputs, out, scratch, line: onLine, signal } = context
  const { folder: payloadFolder, digest: payloadDigest } = inputs.payload
  const payload = Payload.parse(JSON.parse(await readFile(join(payloadFolder, 'payload.json'), 'utf8')))
  const plan = layOutImage(params.disk, payload)
  const work = join(scratch, 'disk')
  const { folders, mounts } = await stageContents(work, inside, {
    ...params,
    payload,
    payloadFolder,
    rootImage: join(inputs['root-image'].folder, rootImageFile),
    cloudConfig: params.cloudConfig?.file,
    board: inputs.board && join(inputs.board.folder, boardFolder),
    firmware: params.disk.firmware,
    keep: params.disk.generations,
  })
  const sandbox = toolchainSandbox(inputs.toolchain, scratch, [
    { kind: 'bind', source: work, target: inside },
    { kind: 'bind', source: out, target: '/run/work/out' },
    ...mounts,
  ])
  const image = join(out, params.file)
  await writeDisk({
    image: { path: image, inside: `/run/work/out/${params.file}`, bytes: imageBytes(plan, params.disk) },
    plan,
    identities: identitiesFor(identitySeed(payloadDigest, params)),
    sources: (role) => folders[role] && `${inside}/${folders[role]}`,
    epoch: params.epoch,
    run: (argv, options) => runInSandbox(sandbox, argv, { ...options, onLine, signal }),
  })
  await writeBiosBoot(image, plan, payloadFolder)
  if (params.mbr === 'hybrid') await writeHybridMbr(image, plan)
  return finishDisk(out, params.file)
}
