import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Executors } from '../../run/engine.ts'
import { finishArtifact } from '../finish-artifact.ts'
import { ovfDescriptor, ovfManifest } from './ovf.ts'
import { tarEnd, tarHeader, tarPadding } from './tar-header.ts'

/**
 * An OVF package in one file: a tar archive with the description of a machine, digests, and the disk, in the order that
 * DSP0243 5.3 asks for.
 */
export const makeOva: Executors['ova'] = async ({ params }, { inputs, out }) => {
  const { name, version, firmware, epoch } = params
  const { folder, facts } = inputs.disk
  const source = join(folder, facts.file)
  const { size: fileBytes } = await stat(source)
  const [ovf, vmdk] = [`${name}.ovf`, `${name}.vmdk`]
  const disk = { file: vmdk, fileBytes, bytes: facts.diskBytes }
  const descriptor = Buffer.from(ovfDescriptor({ name, version, firmware, disk }))
  const digests = { [ovf]: sha256(descriptor), [vmdk]: facts.digest.replace('sha256:', '') }
  const manifest = Buffer.from(ovfManifest(digests))
  const header = (member: string, size: number) => tarHeader({ name: member, size, epoch, format: 'ustar' })
  const file = await open(join(out, params.file), 'w')
  try {
    const append = (bytes: Buffer) => file.appendFile(bytes)
    for (const [member, content] of [
      [ovf, descriptor],
      [`${name}.mf`, manifest],
    ] as const) {
      await append(Buffer.concat([header(member, content.length), content, tarPadding(content.length)]))
    }
    await append(header(vmdk, fileBytes))
    await file.appendFile(createReadStream(source, { highWaterMark: 1 << 20 }))
    await append(Buffer.concat([tarPadding(fileBytes), tarEnd]))
  } finally {
    await file.close()
  }
  return finishArtifact(out, params.file)
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
