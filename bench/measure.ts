import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a process and everything that it started used, to its end. */
export interface Figures {
  readonly wallMs: number
  /** User and system time of all processes. */
  readonly cpuMs: number
  /** Resident memory of the largest process, in bytes. */
  readonly memory: number
  /** Bytes given to file systems on disk; what is written to memory does not count. */
  readonly written: number
}

/** A way to do a piece of work, as one command. */
export interface Contender {
  readonly name: string
  /** What exactly its figures cover. */
  readonly covers: string
  readonly command: readonly [string, ...string[]]
  /** Makes the start the same in each round; not measured. */
  readonly before?: () => void
  /** Size of what was made, in bytes. */
  readonly size: () => number
}

export interface Measured extends Figures {
  readonly name: string
  readonly covers: string
  readonly size: number
}

/** Runs all in turn, A B C A B C …, so that a machine that gets slower does so for all. Gives medians. */
export function compare(rounds: number, contenders: readonly Contender[]): Measured[] {
  const runs = contenders.map((contender) => ({ contender, figures: [] as Figures[], size: 0 }))
  for (let round = 1; round <= rounds; round++) {
    for (const entry of runs) {
      const { contender, figures } = entry
      contender.before?.()
      mustRun('sync', [])
      const found = measure(contender.command)
      say(`  ${contender.name}, round ${round} of ${rounds}: ${seconds(found.wallMs)}`)
      figures.push(found)
      entry.size = contender.size()
    }
  }
  return runs.map(({ contender: { name, covers }, figures, size }) => ({
    name,
    covers,
    size,
    wallMs: median(figures.map(({ wallMs }) => wallMs)),
    cpuMs: median(figures.map(({ cpuMs }) => cpuMs)),
    memory: median(figures.map(({ memory }) => memory)),
    written: median(figures.map(({ written }) => written)),
  }))
}

/** GNU time knows what its child and all that this waited for have used: getrusage(2). */
export function measure([program, ...args]: readonly [string, ...string[]]): Figures {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-bench-'))
  try {
    const report = join(folder, 'report')
    const started = performance.now()
    mustRun('/usr/bin/time', ['-f', '%U %S %M %O', '-o', report, program, ...args])
    const wallMs = performance.now() - started
    const [user = 0, system = 0, kib = 0, blocks = 0] = readFileSync(report, 'utf8').split(' ').map(Number)
    return { wallMs, cpuMs: (user + system) * 1000, memory: kib * 1024, written: blocks * 512 }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.floor(sorted.length / 2)],
  ]
  return (low + high) / 2
}

/** Runs a program that must succeed. @returns what it printed */
export function mustRun(program: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    input,
    maxBuffer: 2 ** 28,
  })
  if (status === 0) return stdout
  throw new Error(
    `${program} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}\n${stderr ?? ''}${(stdout ?? '').slice(-4000)}`,
  )
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

export function seconds(ms: number): string {
  if (ms < 100) return `${ms.toFixed(1)} ms`
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
}

export function mib(bytes: number): string {
  const value = bytes / 2 ** 20
  return `${value.toFixed(value < 100 ? 1 : 0)} MiB`
}
