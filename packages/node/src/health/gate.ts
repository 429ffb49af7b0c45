import type { Host } from '../host/host.ts'
import { type Gate, probeText } from './probes.ts'
import { runProbe } from './run-probe.ts'

const pauseMs = 2000

/**
 * Looks until all probes are content in the same round, or the time is over.
 * @returns what was wrong in the last round; nothing where the system is healthy
 */
export function awaitHealth(host: Host, { probes, timeoutMs }: Gate): string[] {
  const deadline = host.uptime() + timeoutMs
  for (;;) {
    const found = probes.flatMap((probe) => {
      const finding = runProbe(host, probe)
      return finding === undefined ? [] : [{ probe, text: `${probeText(probe)} ${finding}` }]
    })
    // A step that failed stays failed.
    const isFinal = found.some(({ probe }) => probe.kind === 'stages')
    if (found.length === 0 || isFinal || host.uptime() >= deadline) return found.map(({ text }) => text)
    host.sleep(pauseMs)
  }
}
