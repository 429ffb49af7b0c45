import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import type { Emit } from './events.ts'
import { planTools, type ToolName } from './plan/plan-tools.ts'
import type { ToolRoot } from './resolve/resolve.ts'
import { runPlan } from './run/engine.ts'
import { makeExecutors } from './run/executors.ts'
import { openStore } from './run/store.ts'

export interface ToolMaking {
  readonly cacheFolder: string
  /** Where package files are kept. Default: in the cache. */
  readonly poolFolder?: string
  readonly emit: Emit
  readonly signal: AbortSignal
}

/** A root of tools for work that is no build, or comes before its plan, which then finds them in the store. */
export async function makeTools(
  name: ToolName,
  root: ToolRoot,
  options: ToolMaking,
): Promise<{ readonly folder: string }> {
  const { cacheFolder, poolFolder = join(cacheFolder, 'pool'), emit, signal } = options
  const steps = planTools(name, root)
  const [store, executors] = [openStore(cacheFolder), makeExecutors(poolFolder)]
  const concurrency = availableParallelism()
  const deliver = [name]
  const run = { store, executors, emit, signal, rebuild: false, concurrency, deliver }
  const report = await runPlan({ steps }, run).finally(() => store.close())
  const tools = report.results.get(name)
  if (!tools) throw new KilnError('E-BUG', `the plan made no ${name}`)
  return tools
}
