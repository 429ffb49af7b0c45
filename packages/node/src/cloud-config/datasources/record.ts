import * as z from 'zod/mini'
import type { Host } from '../../host/host.ts'
import { readIfThere } from '../../host/tree.ts'
import { providerNames } from './catalog.ts'

/** Whose data is in a folder: it is read anew when this changes. */
const Origin = z.object({
  schema: z.literal('kiln.datasource/v1'),
  provider: z.enum(providerNames as [string, ...string[]]),
  /** Of the platform, or `sha256:…` of the user data where it has none. */
  instanceId: z.string(),
})
export type Origin = Pick<z.infer<typeof Origin>, 'instanceId'> & { readonly provider: string }

const originName = 'source.json'

/** Undefined where nothing was read yet, or where it was not finished. */
export function readOrigin(host: Host, folder: string): Origin | undefined {
  try {
    return z.parse(Origin, JSON.parse(readIfThere(host, `${folder}/${originName}`) ?? ''))
  } catch {
    return undefined
  }
}

export function writeOrigin(host: Host, folder: string, origin: Origin): void {
  const text = `${JSON.stringify({ schema: 'kiln.datasource/v1', ...origin }, undefined, 2)}\n`
  host.writeAtomic(`${folder}/${originName}`, text, { mode: 0o600 })
}

/** What became of asking one source. */
export interface Attempt {
  readonly provider: string
  /** Why it was asked at all. */
  readonly why: string
  readonly outcome: 'found' | 'nothing' | 'failed'
  readonly reason?: string
  readonly detail?: string
  readonly ms: number
}

export interface PullRecord {
  /**
   * `new`: data was written. `kept`: it is there from an earlier start. `waiting`: it comes with the network. `none`: nobody
   * has any. `failed`: somebody should have some, and gave none.
   */
  readonly outcome: 'new' | 'kept' | 'waiting' | 'none' | 'failed'
  readonly provider?: string
  readonly instanceId?: string
  readonly attempts: readonly Attempt[]
  readonly notes: readonly string[]
}

/** Of this start; no secrets. */
export const pullRecordPath = '/run/kiln/datasources.json'

export function readPullRecord(host: Host): PullRecord | undefined {
  const text = readIfThere(host, pullRecordPath)
  return text === undefined ? undefined : (JSON.parse(text) as PullRecord)
}

export function writePullRecord(host: Host, record: PullRecord): void {
  host.mkdir('/run/kiln', { recursive: true })
  const text = `${JSON.stringify({ schema: 'kiln.datasources/v1', ...record }, undefined, 2)}\n`
  host.writeAtomic(pullRecordPath, text)
}
