import { open, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { KilnError } from '@kiln/contract'
import { checkCloudConfig } from '../../definition/cloud-config.ts'
import { fileDigest } from '../../resolve/digest.ts'
import { copySparse } from '../../tools/cp.ts'
import { requireFile, type Verification, verificationError, verifyArtifactFile } from '../../verify/verify.ts'
import { writeChecksum } from '../finish-artifact.ts'
import { putConfig } from './config-room.ts'

export interface CustomizeOptions {
  /** An ISO that Kiln made. */
  readonly iso: string
  readonly cloudConfig: string
  /** Where the result goes; the ISO itself where it is not said. */
  readonly out?: string | undefined
}

export interface Customized {
  readonly file: string
  /** `sha256:<64 hex digits>` */
  readonly digest: string
  readonly verification: Verification
}

/**
 * Gives an ISO another cloud-config, without building anything. The result is a new file that takes its name at the end: the
 * ISO may be one with a file of the cache, and nobody finds a half-written one. All but the cloud-config stays as it was
 * released and tested, and the whole is verified before it counts.
 * @throws KilnError E-CLOUD-CONFIG, E-ARTIFACT-MISSING, E-ARTIFACT-UNKNOWN, E-ISO-ROOM, E-ARTIFACT-DAMAGED
 */
export async function customizeIso({ iso, cloudConfig, out = iso }: CustomizeOptions): Promise<Customized> {
  await requireFile(iso)
  checkCloudConfig(cloudConfig)
  const config = await readFile(cloudConfig)
  const partial = `${out}.part`
  try {
    await rm(partial, { force: true })
    await copySparse(iso, partial)
    await writeConfig(partial, config)
    const verification = await verifyArtifactFile(partial, { scratch: tmpdir() })
    if (verification.format !== 'iso') throw new KilnError('E-BUG', `an ISO became ${verification.format}`)
    const error = verificationError({ ...verification, file: out })
    if (error) throw error
    const hex = await fileDigest(partial)
    await rename(partial, out)
    await writeChecksum(out, hex)
    return { file: out, digest: `sha256:${hex}`, verification: { ...verification, file: out } }
  } finally {
    await rm(partial, { force: true })
  }
}

async function writeConfig(file: string, config: Buffer): Promise<void> {
  const medium = await open(file, 'r+')
  try {
    await putConfig(medium, config)
    await medium.sync()
  } finally {
    await medium.close()
  }
}
