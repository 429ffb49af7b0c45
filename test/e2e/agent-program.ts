import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { KilnError } from '@kiln/contract'
import { kilnVersion, listDistros, loadDefinition, planBuild } from '@kiln/factory'
import { runPlan } from '@kiln/factory/run/engine'
import { makeExecutors } from '@kiln/factory/run/executors'
import { openStore } from '@kiln/factory/run/store'
import { type AgentProgram, compileAgent } from '@kiln/factory/toolchain/agent'
import { cacheFolder, freshFolder, repository } from './harness.ts'

/** Compiles programs as they run on a node. @returns the path of one, anew each time */
export async function agentCompiler(): Promise<(program: AgentProgram) => Promise<string>> {
  const signal = new AbortController().signal
  const definition = loadDefinition(join(repository, 'examples/debian'), listDistros())
  const emit = () => {}
  const { plan } = await planBuild({ definition, cacheFolder, emit, signal })
  const steps = plan.steps.filter(({ id }) => id.startsWith('toolchain'))
  await mkdir(cacheFolder, { recursive: true })
  const executors = makeExecutors(join(cacheFolder, 'pool'))
  const options = { store: openStore(cacheFolder), executors, emit, signal, rebuild: false, concurrency: 2 }
  const toolchain = (await runPlan({ steps }, options)).results.get('toolchain')
  if (toolchain === undefined) throw new KilnError('E-BUG', 'the plan has no toolchain')
  return async (program) => {
    const [out, scratch] = [await freshFolder(), await freshFolder()]
    return compileAgent(program, { version: kilnVersion, toolchain, out, scratch, signal, onLine: () => {} })
  }
}
