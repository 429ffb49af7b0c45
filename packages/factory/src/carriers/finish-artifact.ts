import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { flush } from '../flush.ts'
import type { ArtifactFacts } from '../plan/step.ts'
import { fileDigest } from '../resolve/digest.ts'

/** What a step reports of an artifact of one file. */
export interface FinishedArtifact {
  /** `sha256:<64 hex digits>` */
  readonly digest: string
  readonly facts: ArtifactFacts
  readonly fileDigests: Readonly<Record<string, string>>
}

/**
 * Takes the digest of a written artifact and puts it beside it, as sha256sum does. The disk gets the bytes meanwhile: they
 * are delivered next, and that waits for it.
 */
export async function finishArtifact(folder: string, file: string): Promise<FinishedArtifact> {
  const path = join(folder, file)
  const [hex] = await Promise.all([fileDigest(path), flush(path)])
  await writeFile(`${path}.sha256`, `${hex}  ${file}\n`)
  const digest = `sha256:${hex}`
  return { digest, facts: { file, digest, size: (await stat(path)).size }, fileDigests: { [file]: hex } }
}
