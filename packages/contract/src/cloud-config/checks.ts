import type { Finding } from '../error.ts'
import type { Source } from '../issues.ts'
import { accountFindings } from './checks/accounts.ts'
import { fileFindings } from './checks/files.ts'
import { clusterFindings } from './checks/kubernetes.ts'
import type { CloudConfig } from './schema/cloud-config.ts'
import type { Warning } from './warnings.ts'

/** What one check has to say. */
export interface Findings {
  readonly errors: readonly Finding[]
  readonly warnings: readonly Warning[]
}

export type Check = (config: CloudConfig, source: Source) => Findings

const checks: readonly Check[] = [
  endFindings,
  hostnameFindings,
  accountFindings,
  fileFindings,
  clusterFindings,
]

/**
 * What a schema cannot know: values that contradict each other, or that are allowed and cannot be meant.
 * @param source the merged configuration with its places
 */
export function checkCloudConfig(config: CloudConfig, source: Source): Findings {
  const all = checks.map((check) => check(config, source))
  return { errors: all.flatMap(({ errors }) => errors), warnings: all.flatMap(({ warnings }) => warnings) }
}

function endFindings(config: CloudConfig, source: Source): Findings {
  const errors = (['install', 'upgrade', 'reset'] as const).flatMap((block): Finding[] => {
    const { reboot, poweroff } = config[block] ?? {}
    if (!reboot || !poweroff) return []
    const message = `${block}.reboot and ${block}.poweroff cannot both be true`
    return [{ code: 'E-CONFIG-BAD-VALUE', message, place: source.placeOf([block, 'poweroff']) }]
  })
  return { errors, warnings: [] }
}

/** With a template in it, nobody knows before it is filled in. */
function hostnameFindings({ hostname }: CloudConfig, source: Source): Findings {
  if (hostname === undefined || hostname === '' || hostname.includes('{{'))
    return { errors: [], warnings: [] }
  const label = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
  if (hostname.length <= 253 && hostname.split('.').every((part) => label.test(part))) {
    return { errors: [], warnings: [] }
  }
  const message = `hostname "${hostname}" is none: letters, digits and - between dots, at most 63 in a row`
  return {
    errors: [{ code: 'E-CONFIG-BAD-VALUE', message, place: source.placeOf(['hostname']) }],
    warnings: [],
  }
}
