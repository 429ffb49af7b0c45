import { spawn, spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type Argv, HostError, type RunOptions } from './host.ts'

const timedOut = 124
const pauseMs = 10

/** The shell notes the exit code in a file, for nothing else can be waited for while this thread stands still. */
const script = 'codeFile=$1; shift; "$@"; echo $? > "$codeFile.new"; mv "$codeFile.new" "$codeFile"'

/**
 * Runs a program and looks in on it, without giving up the thread.
 * @param streams descriptors or `inherit`, for standard output and standard error
 * @param folder for files of this run
 * @returns the exit code
 */
export function runWatched(
  argv: Argv,
  options: RunOptions,
  streams: readonly [number | 'inherit', number | 'inherit'],
  folder: string,
): number {
  requireProgram(argv[0])
  const codeFile = join(folder, 'code')
  fs.writeFileSync(join(folder, 'stdin'), options.input ?? '')
  const stdin = fs.openSync(join(folder, 'stdin'), 'r')
  const child = spawn('sh', ['-c', script, 'sh', codeFile, ...argv], {
    env: { ...process.env, ...options.env },
    stdio: [stdin, ...streams],
    detached: true,
  })
  fs.closeSync(stdin)
  child.unref()
  try {
    return wait(codeFile, options)
  } catch (error) {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    if (error === late) return timedOut
    throw error
  }
}

const late = new Error('the program runs too long')

function wait(codeFile: string, { timeoutMs, watch }: RunOptions): number {
  const start = performance.now()
  const every = watch?.every ?? 0
  let next = start + every
  while (!fs.existsSync(codeFile)) {
    const now = performance.now()
    if (timeoutMs !== undefined && now > start + timeoutMs) throw late
    if (now >= next) {
      next = now + every
      watch?.look()
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
  }
  return Number(fs.readFileSync(codeFile, 'utf8'))
}

function requireProgram(program: string): void {
  const { status } = spawnSync('sh', ['-c', 'command -v -- "$1"', 'sh', program])
  if (status !== 0) throw new HostError('ENOENT', 'run', program)
}
