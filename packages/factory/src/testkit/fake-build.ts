import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { KilnEvent } from '../events.ts'
import { stepVersions } from '../plan/fingerprint.ts'
import type { Step, StepKind } from '../plan/step.ts'
import { type Executors, type RunOptions, runPlan, type StepContext, type StepReport } from '../run/engine.ts'
import { openStore } from '../run/store.ts'

export type AnyContext = Omit<StepContext<StepKind>, 'inputs'> & {
  readonly inputs: Readonly<Record<string, { readonly folder: string; readonly facts: unknown }>>
}
export type Work = (step: Step, context: AnyContext) => Promise<{ digest?: string; facts?: unknown }>

/** A step that is named after its kind. */
export function fakeStep(kind: StepKind, needs: readonly StepKind[] = [], params: unknown = {}): Step {
  const inputs = Object.fromEntries(needs.map((name) => [name, name]))
  return { id: kind, kind, title: `title of ${kind}`, params, inputs } as unknown as Step
}

/** Builds in a cache with executors that only do what the test says. */
export function fakeBuild(folder: string, work: Work) {
  const events: KilnEvent[] = []
  const started: string[] = []
  const store = openStore(folder)
  const executor: Work = (step, context) => {
    started.push(step.id)
    return work(step, context)
  }
  const executors = Object.fromEntries(
    Object.keys(stepVersions).map((kind) => [
      kind,
      (step: Step, context: AnyContext) => executor(step, context) as Promise<StepReport<StepKind>>,
    ]),
  ) as unknown as Executors
  const run = (steps: readonly Step[], change: Partial<RunOptions> = {}) =>
    runPlan(
      { steps },
      {
        store,
        executors,
        emit: (event) => events.push(event),
        signal: new AbortController().signal,
        rebuild: false,
        concurrency: 8,
        ...change,
      },
    )
  const names = (below: string) => (existsSync(join(folder, below)) ? readdirSync(join(folder, below)) : [])
  return { run, store, events, started, names }
}
