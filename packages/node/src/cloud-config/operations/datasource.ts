import { pullDataSource, usualFolder } from '../datasources/pull.ts'
import { type Actor, OperationError } from './actor.ts'
import type { OperationOf } from './operation.ts'

/** Asks data sources for user data, now. The node does that by itself before the stages initramfs and network. */
export function askDatasource({ config }: OperationOf<'datasource'>, actor: Actor): void {
  const { providers, path, userdata_name: userdataName } = config
  const record = pullDataSource(actor.host, {
    reach: 'network',
    folder: `${actor.root}${path ?? usualFolder}`,
    patienceMs: Math.min(actor.timeoutMs, patienceMs),
    ...(providers === undefined ? {} : { wanted: providers }),
    ...(userdataName === undefined ? {} : { userdataName }),
  })
  for (const note of record.notes) actor.warn(`datasource: ${note}`)
  if (record.outcome === 'new' || record.outcome === 'kept') return
  const reasons = record.attempts.flatMap(({ provider, detail }) =>
    detail === undefined ? [] : [`${provider}: ${detail}`],
  )
  throw new OperationError(['datasource: no metadata/userdata found', ...reasons].join('; '))
}

const patienceMs = 60_000
