import type { Emit } from '@kiln/factory/events'
import { recordFailures } from './failures.ts'
import { cacheFolder } from './options.ts'
import type { CommandContext } from './session.ts'

/** What all work of the factory is given: where it keeps things, whom it tells, and what ends it. */
export interface Work {
  readonly cacheFolder: string
  readonly emit: Emit
  readonly signal: AbortSignal
}

export function workFor(
  { cache }: { readonly cache?: string },
  { session, emit }: Pick<CommandContext, 'session' | 'emit'>,
): Work {
  const folder = cacheFolder(cache, session.env)
  return { cacheFolder: folder, emit: recordFailures(folder, emit), signal: session.signal }
}
