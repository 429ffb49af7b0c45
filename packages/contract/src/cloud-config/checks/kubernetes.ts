import type { Finding } from '../../error.ts'
import type { Source } from '../../issues.ts'
import type { Check } from '../checks.ts'
import type { CloudConfig } from '../schema/cloud-config.ts'
import type { Warning } from '../warnings.ts'

/** Settings of a cluster that do not go together. */
export const clusterFindings: Check = (config, source) => ({
  errors: networkErrors(config, source),
  warnings: [...distributionWarnings(config, source), ...addressWarnings(config, source)],
})

function networkErrors({ p2p }: CloudConfig, source: Source): Finding[] {
  const enable = p2p?.auto?.enable
  const error = (message: string, path: readonly string[], hint: string): Finding[] => [
    { code: 'E-CONFIG-BAD-VALUE', message, place: source.placeOf(path), hint },
  ]
  if (enable === true && p2p?.network_token === '') {
    const hint = 'make one with edgevpn -b -g'
    return error('p2p.auto.enable needs a p2p.network_token, and it is empty', ['p2p', 'network_token'], hint)
  }
  if (enable === false && p2p?.network_token && p2p.role === undefined) {
    const hint = 'set p2p.auto.enable to true, or say with p2p.role what this node is'
    return error('p2p.network_token is set, and p2p.auto.enable is false', ['p2p', 'auto', 'enable'], hint)
  }
  return []
}

const distributions = ['k3s', 'k3s-agent', 'k0s', 'k0s-worker'] as const

function distributionWarnings(config: CloudConfig, source: Source): Warning[] {
  const [first, second] = distributions.filter((name) => config[name]?.enabled)
  if (first === undefined || second === undefined) return []
  const message = `both ${first} and ${second} are enabled; a node is one of them`
  return [{ code: 'W-UNLIKELY', message, place: source.placeOf([second, 'enabled']) }]
}

function addressWarnings({ kubevip }: CloudConfig, source: Source): Warning[] {
  if (!kubevip?.enable || kubevip.eip) return []
  const message = 'kubevip.enable without kubevip.eip: there is no address to hand around'
  return [{ code: 'W-UNLIKELY', message, place: source.placeOf(['kubevip', 'enable']) }]
}
