import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuildResult } from '@kiln/factory'
import { run } from '@kiln/factory/tools/process'
import type { Drive } from '@kiln/factory/tools/qemu'
import { kiln } from './harness.ts'

const label = 'payloads'

/** In a guest: makes the payloads of the disk readable there. */
export const mountPayloads = `sudo mkdir -p /run/${label} && sudo mount -o ro LABEL=${label} /run/${label}`

/** A payload of the disk, as an upgrade takes it. */
export function payloadSource(version: string): string {
  return `dir:/run/${label}/${version}`
}

/** Builds a definition. @returns the folder of its payload, which may be changed */
export async function buildPayload(definition: string): Promise<string> {
  const out = join(definition, 'payload')
  const built = (await kiln(['build', definition, '--yes', '--payload', '--out', out])) as BuildResult
  return built.images[0]?.payload.folder ?? ''
}

/**
 * A disk of its own with payloads, by their versions: nothing of what a node under test writes to its own disk is about the way
 * they come. The folders are moved.
 */
export async function makePayloadDisk(
  folder: string,
  payloads: Readonly<Record<string, string>>,
): Promise<Drive> {
  const tree = join(folder, label)
  await mkdir(tree, { recursive: true })
  for (const [version, payload] of Object.entries(payloads)) await rename(payload, join(tree, version))
  const file = join(folder, `${label}.raw`)
  await run('mke2fs', ['-q', '-t', 'ext4', '-L', label, '-m', '0', '-d', tree, file, '1G'])
  await rm(tree, { recursive: true })
  return { attach: 'disk', file, format: 'raw', writes: 'discarded' }
}
