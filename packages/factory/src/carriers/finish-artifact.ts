import { open, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { flush } from '../flush.ts'
import type { ArtifactFacts } from '../plan/step.ts'
import { fileDigest } from '../resolve/digest.ts'
import { mapData, mappedDigest, type Run } from './disk/data-map.ts'

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
 * @param runs what is not zero in a file that is mostly empty, where that is known
 */
export async function finishArtifact(
  folder: string,
  file: string,
  runs?: readonly Run[],
): Promise<FinishedArtifact> {
  const path = join(folder, file)
  const { size } = await stat(path)
  const digest = runs ? mappedDigest(path, size, runs) : fileDigest(path)
  const [hex] = await Promise.all([digest, flush(path)])
  return finished(folder, file, hex, size)
}

/** The same of a disk image, and with its map. */
export async function finishDisk(
  folder: string,
  file: string,
): Promise<FinishedArtifact & { readonly facts: { readonly runs: readonly Run[] } }> {
  const path = join(folder, file)
  const handle = await open(path)
  const { size } = await handle.stat()
  const [{ hex, runs }] = await Promise.all([
    mapData(handle, size).finally(() => handle.close()),
    flush(path),
  ])
  const report = await finished(folder, file, hex, size)
  return { ...report, facts: { ...report.facts, runs } }
}

async function finished(folder: string, file: string, hex: string, size: number): Promise<FinishedArtifact> {
  await writeChecksum(join(folder, file), hex)
  const digest = `sha256:${hex}`
  return { digest, facts: { file, digest, size }, fileDigests: { [file]: hex } }
}

/** The file beside an artifact that sha256sum reads. @param hex its digest, 64 hex digits */
export async function writeChecksum(path: string, hex: string): Promise<void> {
  await writeFile(`${path}.sha256`, `${hex}  ${basename(path)}\n`)
}
