import type { Host } from './host/host.ts'
import { readIfThere } from './host/tree.ts'
import { paths } from './initramfs/paths.ts'

/** What the initramfs noted, or undefined on a system that it did not start. */
export function bootFacts(host: Pick<Host, 'readText'>): Record<string, unknown> | undefined {
  const text = readIfThere(host, paths.bootFacts)
  return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>)
}
