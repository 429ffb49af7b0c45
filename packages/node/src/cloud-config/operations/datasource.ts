import type { DatasourceConfig } from '@kiln/contract/cloud-config/schema/modules/system'
import { runConfig } from '../datasources/files.ts'
import { type PullRequest, pullDataSource } from '../datasources/pull.ts'
import { type Actor, OperationError } from './actor.ts'
import type { OperationOf } from './operation.ts'

/**
 * Asks data sources for user data, now. The node does that by itself before the stages initramfs and network; a step is for
 * another folder, or other sources.
 */
export function askDatasource({ config }: OperationOf<'datasource'>, actor: Actor): void {
  const { outcome, attempts, notes } = pullDataSource(actor.host, requestOf(config, actor))
  for (const note of notes) actor.warn(note)
  if (outcome === 'new' || outcome === 'kept') return
  const failures = attempts.flatMap(({ provider, detail }) =>
    detail === undefined ? [] : [`${provider}: ${detail}`],
  )
  throw new OperationError('no metadata/userdata found', ...failures)
}

/** For the source `file`, and only for it, `path` is the file. */
function requestOf(
  { providers = [], path, userdata_name: name }: DatasourceConfig,
  actor: Actor,
): PullRequest {
  const isFile = providers.length > 0 && providers.every((provider) => provider === 'file')
  actor.host.mkdir(`${actor.root}${runConfig}`, { recursive: true })
  return {
    reach: 'network',
    folder: `${actor.root}${isFile || path === undefined ? runConfig : path}`,
    patienceMs: actor.timeoutMs,
    ...(path === undefined ? {} : { path: `${actor.root}${path}` }),
    ...(name === undefined ? {} : { userdataName: name }),
    ...(providers.length === 0 ? {} : { wanted: providers }),
  }
}
