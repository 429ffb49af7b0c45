import type { Host } from '../../host/host.ts'
import { SourceError } from '../../source/error.ts'
import type { Ask } from './ask.ts'
import { curlAsk } from './curl-ask.ts'
import { type Candidate, candidates } from './detect.ts'
import type { Metadata } from './metadata.ts'
import { readers, webSeed } from './providers/index.ts'
import { readSeed } from './providers/nocloud.ts'
import { type Attempt, type PullRecord, readOrigin } from './record.ts'
import { settle } from './settle.ts'
import { readSigns } from './signs.ts'
import { DataSourceError } from './source-error.ts'
import { textsOf } from './unpack.ts'

export interface PullRequest {
  /** `local`: the network is not up yet. */
  readonly reach: 'local' | 'network'
  /** Where the user data goes. */
  readonly folder: string
  /** Default userdata.yaml. */
  readonly userdataName?: string
  /** Only these; all that seem to be there where nobody names any. */
  readonly wanted?: readonly string[]
  /** For the source `file`. */
  readonly path?: string
  /** Milliseconds for all of it. */
  readonly patienceMs?: number
}

export const usualFolder = '/oem/95_userdata'
const usualPatienceMs = 60_000

/**
 * Looks for the data of this machine and puts it where cloud-configs are read. What was there from an earlier start stays
 * while the machine is the same, and also when nobody answers.
 */
export function pullDataSource(host: Host, request: PullRequest): PullRecord {
  const { signs, warning } = readSigns(host)
  const notes = warning === undefined ? [] : [warning]
  const all = candidates(signs, request.wanted)
  const ask = curlAsk(host, host.uptime() + (request.patienceMs ?? usualPatienceMs))
  const texts = textsOf(host)
  const attempts: Attempt[] = []
  const reachable = all.filter(({ place }) => place === 'local' || request.reach === 'network')
  for (const candidate of reachable) {
    const { attempt, found } = tryOne(host, candidate, () =>
      readers[candidate.name]({ host, signs, ask, texts, path: request.path }),
    )
    attempts.push(attempt)
    if (!found) continue
    if (found.seedFrom !== undefined && request.reach === 'local')
      return { outcome: 'waiting', attempts, notes }
    const whole = withSeed(found, ask, notes)
    return {
      ...settle(host, request, { provider: candidate.name, metadata: whole }, texts, notes, ask),
      attempts,
    }
  }
  return { ...withoutAnswer(host, request, all, attempts), attempts, notes }
}

function withoutAnswer(
  host: Host,
  { folder, reach }: PullRequest,
  all: readonly Candidate[],
  attempts: readonly Attempt[],
): Pick<PullRecord, 'outcome' | 'provider' | 'instanceId'> {
  if (reach === 'local' && all.some(({ place }) => place === 'network')) return { outcome: 'waiting' }
  const origin = readOrigin(host, folder)
  if (origin) return { outcome: 'kept', ...origin }
  return { outcome: attempts.some(({ outcome }) => outcome === 'failed') ? 'failed' : 'none' }
}

function tryOne(
  host: Host,
  { name, why }: Candidate,
  read: () => Metadata | undefined,
): { readonly attempt: Attempt; readonly found: Metadata | undefined } {
  const start = host.uptime()
  const attempt = (rest: Pick<Attempt, 'outcome' | 'reason' | 'detail'>): Attempt => ({
    ...{ provider: name, why, ...rest },
    ms: Math.round(host.uptime() - start),
  })
  try {
    const found = read()
    return { attempt: attempt({ outcome: found ? 'found' : 'nothing' }), found }
  } catch (error) {
    if (!(error instanceof DataSourceError || error instanceof SourceError)) throw error
    const { reason, message } = error
    return { attempt: attempt({ outcome: 'failed', reason, detail: message }), found: undefined }
  }
}

/** What the seed's server says counts for more; the disk alone does where there is no answer. */
function withSeed(found: Metadata, ask: Ask, notes: string[]): Metadata {
  if (found.seedFrom === undefined) return found
  try {
    const more = readSeed(ask, webSeed(found.seedFrom))
    return {
      instanceId: more.instanceId ?? found.instanceId,
      hostname: more.hostname ?? found.hostname,
      publicKeys: [...new Set([...found.publicKeys, ...more.publicKeys])],
      extras: { ...found.extras, ...more.extras },
      userdata: more.userdata ?? found.userdata,
      vendordata: more.vendordata ?? found.vendordata,
    }
  } catch (error) {
    if (!(error instanceof DataSourceError)) throw error
    notes.push(`seedfrom: ${error.message}`)
    return found
  }
}
