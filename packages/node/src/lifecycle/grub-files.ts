import {
  type GrubState,
  grubEnvBlock,
  grubEnvBytes,
  grubPaths,
  grubState,
  grubVariables,
  parseGrubEnv,
  utf8Bytes,
} from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { listIfThere, readIfThere, statIfThere } from '../host/tree.ts'
import { writePlain } from './esp-files.ts'

/** The environment block on the EFI partition: what the menu does next. */

/**
 * @param esp where the EFI partition is mounted
 * @returns what the block says; where it is missing or damaged, the generations that have a file
 */
export function readGrubState(host: Pick<Host, 'readText' | 'list'>, esp: string): GrubState {
  const text = readIfThere(host, `${esp}/${grubPaths.environment}`)
  const variables = text === undefined ? undefined : parseGrubEnv(text)
  if (variables) return grubState(variables)
  return { list: generationFiles(host, esp), others: {} }
}

/** Generations that have a file, newest first. */
export function generationFiles(host: Pick<Host, 'list'>, esp: string): number[] {
  return listIfThere(host, `${esp}/${grubPaths.folder}`)
    .flatMap((name) => name.match(/^gen-([1-9]\d*)\.cfg$/)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => b - a)
}

/** THE atomic write of GRUB: all that counts is in the block's first sector. */
export function writeGrubState(host: Host, esp: string, state: GrubState): void {
  const path = `${esp}/${grubPaths.environment}`
  const block = grubEnvBlock(grubVariables(state))
  if (readIfThere(host, path) === block) return
  if (statIfThere(host, path)?.size !== grubEnvBytes) writePlain(host, path, '#'.repeat(grubEnvBytes))
  const bytes = utf8Bytes(block)
  // The rest is filling, and only a foreign block has anything else there.
  if (readIfThere(host, path)?.slice(512) !== block.slice(512)) host.overwrite(path, 512, bytes.subarray(512))
  host.overwrite(path, 0, bytes.subarray(0, 512))
}
