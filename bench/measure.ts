import { spawnSync } from 'node:child_process'

/** Medians of the times of two ways to do the same work, in milliseconds. */
export interface Comparison {
  readonly ours: number
  readonly theirs: number
}

/** Runs both in turn, A B A B …, so that a machine that gets slower does so for both. The first round warms the caches. */
export async function compare(
  rounds: number,
  ours: () => unknown,
  theirs: () => unknown,
): Promise<Comparison> {
  const times: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] }
  for (let round = 0; round <= rounds; round++) {
    const [a, b] = [await timed(ours), await timed(theirs)]
    if (round === 0) continue
    times.ours.push(a)
    times.theirs.push(b)
  }
  return { ours: median(times.ours), theirs: median(times.theirs) }
}

async function timed(work: () => unknown): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
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

/** A row that compares two figures: ours, theirs, and how many times theirs is of ours. */
export function row(
  name: string,
  [ours, theirs]: readonly [number, number],
  show: (figure: number) => string,
): string {
  return `| ${name} | ${show(ours)} | ${show(theirs)} | ${(theirs / ours).toFixed(1)}× |`
}
