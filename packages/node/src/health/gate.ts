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
    const findings = probes.flatMap((probe) => {
      const finding = runProbe(host, probe)
      return finding === undefined ? [] : [`${probeText(probe)} ${finding}`]
    })
    if (findings.length === 0 || host.uptime() >= deadline) return findings
    host.sleep(pauseMs)
  }
}
