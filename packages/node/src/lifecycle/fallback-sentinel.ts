import { findGeneration, type NodeRecord } from '@kiln/contract'
import { paths } from '../initramfs/paths.ts'
import type { Node } from './node.ts'

/** The field's file: there while an older system runs because a newer one did not come up, or was not healthy. */
export const fallbackSentinel = `${paths.sentinels}/upgrade_failure`

/** Writes it where it belongs. Content and mode are the field's. */
export function writeFallbackSentinel({ host, running }: Node, record: NodeRecord): void {
  if (!fellBack(running.generation, record)) return
  host.mkdir(paths.sentinels, { recursive: true })
  host.write(fallbackSentinel, '1', { mode: 0o600 })
}

function fellBack(running: number | undefined, record: NodeRecord): boolean {
  const failed = record.lastFailure?.generation
  if (running === undefined || failed === undefined || failed <= running) return false
  return findGeneration(record, failed)?.status === 'bad'
}
