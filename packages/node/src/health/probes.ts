import type { HealthConfig } from '@kiln/contract/cloud-config/schema/blocks/health'

/** One thing to look at, as plain data. */
export type Probe =
  | { readonly kind: 'unit'; readonly unit: string }
  | { readonly kind: 'mount'; readonly path: string }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'tcp'; readonly address: string }
  | {
      readonly kind: 'http'
      readonly url: string
      readonly status: number | undefined
      readonly insecure: boolean
    }
  | { readonly kind: 'kubernetes' }
  /** No step of a stage failed whose `on_failure` is `unhealthy`. */
  | { readonly kind: 'stages' }

/** Reached when everything that starts with the system was started. */
const systemIsUp = 'multi-user.target'

const usualTimeoutSeconds = 300

export interface Gate {
  readonly probes: readonly Probe[]
  readonly timeoutMs: number
}

/**
 * What has to be fulfilled. Several cloud-configs add to each other; the longest time counts. That the system is up is
 * always asked for.
 */
export function gateOf(configs: readonly HealthConfig[]): Gate {
  const probes: Probe[] = [{ kind: 'unit', unit: systemIsUp }, { kind: 'stages' }]
  for (const { units = [], mounts = [], command = [], tcp = [], http = [], kubernetes } of configs) {
    probes.push(
      ...units.map((unit): Probe => ({ kind: 'unit', unit })),
      ...mounts.map((path): Probe => ({ kind: 'mount', path })),
      ...[command].flat().map((line): Probe => ({ kind: 'command', command: line })),
      ...tcp.map((address): Probe => ({ kind: 'tcp', address })),
      ...http.map((each): Probe => {
        const { url, status, insecure = false } = typeof each === 'string' ? { url: each } : each
        return { kind: 'http', url, status, insecure }
      }),
    )
    if (kubernetes) probes.push({ kind: 'kubernetes' })
  }
  const seconds = configs.flatMap(({ timeout }) => timeout ?? [])
  const timeoutMs = (seconds.length === 0 ? usualTimeoutSeconds : Math.max(...seconds)) * 1000
  return { probes: withoutDoubles(probes), timeoutMs }
}

export function probeText(probe: Probe): string {
  switch (probe.kind) {
    case 'unit':
      return `unit ${probe.unit}`
    case 'mount':
      return `mount ${probe.path}`
    case 'command':
      return `command "${probe.command}"`
    case 'tcp':
      return `tcp ${probe.address}`
    case 'http':
      return `http ${probe.url}`
    case 'kubernetes':
      return 'kubernetes node'
    case 'stages':
      return 'stages'
  }
}

function withoutDoubles(probes: readonly Probe[]): Probe[] {
  const texts = probes.map((probe) => JSON.stringify(probe))
  return probes.filter((_, index) => texts.indexOf(texts[index] ?? '') === index)
}
