import type { Host } from './host/host.ts'
import { exists, readIfThere } from './host/tree.ts'
import { paths } from './initramfs/paths.ts'
import { readRelease } from './release-file.ts'
import { version } from './version.ts'

/** Sentinels of the field, and the modes they stand for. */
const modes = {
  live_mode: 'live',
  active_mode: 'active',
  passive_mode: 'passive',
  recovery_mode: 'recovery',
} as const

/** What this node runs: how it booted, and what the image says of itself. Read-only. */
export function nodeState(host: Host) {
  return {
    schema: 'kiln.state/v1',
    agent: version,
    mode: bootMode(host),
    boot: bootFacts(host),
    release: readRelease(host),
  }
}

/** What the initramfs noted, or undefined on a system that it did not start. */
export function bootFacts(host: Host): Record<string, unknown> | undefined {
  const text = readIfThere(host, paths.bootFacts)
  return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>)
}

function bootMode(host: Host): string {
  const sentinel = Object.entries(modes).find(([name]) => exists(host, `${paths.sentinels}/${name}`))
  return sentinel?.[1] ?? 'unknown'
}
