import { printOnConsoles } from './consoles.ts'
import type { Host } from './host/host.ts'
import { readRelease } from './release-file.ts'
import { bootFacts } from './state.ts'

/** Waits until systemd has nothing left to start, and says on every console what came up. @returns the exit code */
export function announceReady(host: Host): number {
  // Its exit code says whether units failed; those are named below.
  host.run(['systemctl', 'is-system-running', '--wait'])
  const failed = failedUnits(host)
  const [seconds = '0'] = host.readText('/proc/uptime').split(' ')
  const facts = {
    release: readRelease(host),
    verified: bootFacts(host)?.rootHash !== undefined,
    failed,
    seconds: Number(seconds),
  }
  printOnConsoles(host, readyText(facts))
  // Not a failure of its own: this unit would then stand among the failed ones.
  return 0
}

interface ReadyFacts {
  readonly release: Readonly<Record<string, string>>
  readonly verified: boolean
  readonly failed: readonly string[]
  /** Since the kernel started. */
  readonly seconds: number
}

/** One line that tests and people look for; a second one only if something failed. */
export function readyText({ release, verified, failed, seconds }: ReadyFacts): string {
  const name = release.KAIROS_NAME || release.KAIROS_IMAGE_LABEL || 'unnamed'
  const parts = [
    [name, release.KAIROS_VERSION].filter(Boolean).join(' '),
    verified ? 'root verified' : 'root not verified',
    `${failed.length} failed ${failed.length === 1 ? 'unit' : 'units'}`,
    `${seconds.toFixed(1)} s since boot`,
  ]
  const units = failed.length === 0 ? '' : `kiln: failed units: ${failed.join(' ')}\n`
  return `\nkiln: up: ${parts.join(', ')}\n${units}`
}

function failedUnits(host: Host): string[] {
  const { stdout } = host.run(['systemctl', 'list-units', '--failed', '--plain', '--no-legend'])
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[0] ?? '')
    .filter(Boolean)
}
