import { type Actor, OperationError } from './actor.ts'
import type { OperationOf } from './operation.ts'

/** Asks data sources for user data, now. The node does that by itself before the stages initramfs and network. */
export function askDatasource(_operation: OperationOf<'datasource'>, _actor: Actor): void {
  throw new OperationError('datasource: this version of kiln-agent asks no data sources')
}
