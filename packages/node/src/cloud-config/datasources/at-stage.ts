import type { Host } from '../../host/host.ts'
import { exists } from '../../host/tree.ts'
import { type PullRequest, pullDataSource, usualFolder } from './pull.ts'
import { type PullRecord, readPullRecord, writePullRecord } from './record.ts'

/** Of the field: whoever installs by itself waits while it is there. */
export const loadingSentinel = '/run/.userdata_load'

/** What is asked before a stage runs: media before `initramfs`, what is on the network before `network`. */
const reaches = { initramfs: 'local', network: 'network' } as const
export type PullStage = keyof typeof reaches

export function isPullStage(stage: string): stage is PullStage {
  return Object.hasOwn(reaches, stage)
}

/** Pulls user data as a stage begins, and says what came of it. */
export function pullAtStage(host: Host, stage: PullStage, change: Partial<PullRequest> = {}): void {
  const reach = reaches[stage]
  const before = readPullRecord(host)
  // A seed that was found needs no network.
  if (reach === 'network' && (before?.outcome === 'new' || before?.outcome === 'kept')) return
  setLoading(host, true)
  const record = pullDataSource(host, { folder: usualFolder, ...change, reach })
  writePullRecord(host, record)
  tell(host, record)
  setLoading(host, record.outcome === 'waiting')
}

function setLoading(host: Host, loading: boolean): void {
  if (loading) {
    host.mkdir('/run', { recursive: true })
    host.write(loadingSentinel, '')
  } else if (exists(host, loadingSentinel)) {
    host.remove(loadingSentinel)
  }
}

function tell(host: Host, { outcome, provider, instanceId, attempts, notes }: PullRecord): void {
  if (outcome === 'new') host.printError(`kiln: user data of ${provider}, instance ${instanceId}\n`)
  for (const { provider: name, outcome: result, detail } of attempts) {
    if (result === 'failed') host.printError(`kiln: data source ${name}: ${detail}\n`)
  }
  for (const note of notes) host.printError(`kiln: data source: ${note}\n`)
}
