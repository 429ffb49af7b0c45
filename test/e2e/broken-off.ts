import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import type { BuildResult, KilnEvent } from '@kiln/factory'
import { repository } from './harness.ts'

/** A moment in a build at which it is killed: so long after an event of a step. */
export interface Moment {
  /** Matches the id of the step. */
  readonly step: RegExp
  readonly event: 'step-started' | 'step-finished'
  readonly afterMs: number
}

export type Ending =
  | { readonly ended: 'killed'; readonly finished: readonly string[] }
  | {
      readonly ended: 'itself'
      readonly code: number | null
      readonly result?: BuildResult
      readonly error?: { code: string }
      /** What it said beside its result: what there is to read when it ended without one. */
      readonly stderr: string
    }

interface Options {
  readonly definition: string
  readonly out: string
  readonly cache: string
  /** Never reached means that the build ends by itself. */
  readonly killAt?: Moment
}

/** Runs a build, and kills it with everything that it has started, without a warning. */
export async function runBuild({ definition, out, cache, killAt }: Options): Promise<Ending> {
  const args = [
    'build',
    definition,
    '--yes',
    '--payload',
    '--out',
    out,
    '--cache',
    cache,
    '--json',
    '--progress',
    'none',
  ]
  const child = spawn(join(repository, 'kiln'), args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const finished: string[] = []
  let last: { result?: BuildResult; error?: { code: string } } = {}
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  let killed = false
  createInterface(child.stdout).on('line', async (text) => {
    const line = JSON.parse(text) as KilnEvent & typeof last
    if (!('event' in line)) last = line
    if (line.event === 'step-finished') finished.push(line.step)
    if (killed || !killAt || !('step' in line)) return
    if (line.event !== killAt.event || !killAt.step.test(line.step)) return
    killed = true
    await wait(killAt.afterMs)
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
  })
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.on('close', (...ending) => resolve(ending)),
  )
  // A build that crashed ended by a signal, too, but not by ours.
  return signal === 'SIGKILL' ? { ended: 'killed', finished } : { ended: 'itself', code, stderr, ...last }
}
