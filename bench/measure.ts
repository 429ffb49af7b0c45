import { spawnSync } from 'node:child_process'

/** Times of several runs of one thing, in milliseconds. */
export interface Timing {
  readonly name: string
  readonly median: number
  readonly fastest: number
  readonly slowest: number
}

/** Runs each candidate in turn, A B A B …, so that a machine that gets slower does so for all of them. */
export async function compare(
  runs: number,
  candidates: Readonly<Record<string, () => unknown>>,
): Promise<Record<string, Timing>> {
  const times = new Map(Object.keys(candidates).map((name) => [name, [] as number[]]))
  for (let run = 0; run <= runs; run++) {
    for (const [name, candidate] of Object.entries(candidates)) {
      const started = performance.now()
      await candidate()
      // The first round only warms the caches.
      if (run > 0) times.get(name)?.push(performance.now() - started)
    }
  }
  return Object.fromEntries([...times].map(([name, list]) => [name, timing(name, list)]))
}

function timing(name: string, times: readonly number[]): Timing {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  return { name, median: at(Math.floor(sorted.length / 2)), fastest: at(0), slowest: at(sorted.length - 1) }
}

/** Runs a program that must succeed, and throws its output away. */
export function mustRun(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`)
}

export function ms(time: number): string {
  return time < 100 ? `${time.toFixed(1)} ms` : `${(time / 1000).toFixed(2)} s`
}

export function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

/** How many times the second is of the first: `3.4×`. */
export function ratio(ours: number, theirs: number): string {
  return `${(theirs / ours).toFixed(1)}×`
}
