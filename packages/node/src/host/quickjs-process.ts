import { errnoName } from './errno.ts'
import { type Argv, HostError, type RunOptions, type RunResult, type Watch } from './host.ts'
import { bytesOf, readFromStart, writeAll } from './quickjs-files.ts'
import { native, os, std } from './quickjs-modules.ts'

const standardPath = '/usr/sbin:/usr/bin:/sbin:/bin'
const signalKill = 9
const timedOut = 124

/**
 * Runs a program. Its output goes to files in memory, not to pipes: no amount on either stream can block it, and a
 * grandchild that lives on holds nobody up.
 */
export function runProgram(argv: Argv, options: RunOptions = {}): RunResult {
  const file = findProgram(argv[0])
  const inherit = options.output === 'inherit'
  const opened: number[] = []
  const memory = (name: string): number => {
    const descriptor = native.memfd(name)
    opened.push(descriptor)
    return descriptor
  }
  try {
    const stdin = memory('stdin')
    writeAll(stdin, bytesOf(options.input ?? ''), 'stdin')
    os.seek(stdin, 0, 0)
    const stdout = inherit ? 1 : memory('stdout')
    const stderr = inherit ? 2 : memory('stderr')
    const env = { ...std.getenviron(), ...options.env }
    const pid = os.exec(argv, { block: false, file, stdin, stdout, stderr, env })
    if (pid < 0) throw new HostError(errnoName(pid), 'run', argv[0])
    const code = wait(pid, options, argv[0])
    return inherit
      ? { code, stdout: '', stderr: '' }
      : { code, stdout: readFromStart(stdout, 'stdout'), stderr: readFromStart(stderr, 'stderr') }
  } finally {
    for (const descriptor of opened) os.close(descriptor)
  }
}

/** Looked up before the fork: afterwards a missing program is only an exit code. @throws HostError ENOENT, EACCES */
export function findProgram(name: string): string {
  const folders = (std.getenv('PATH') ?? standardPath).split(':')
  const candidates = name.includes('/') ? [name] : folders.map((folder) => `${folder}/${name}`)
  let found = false
  for (const path of candidates) {
    const [stat] = os.stat(path)
    if (!stat || (stat.mode & os.S_IFMT) !== os.S_IFREG) continue
    if (stat.mode & 0o111) return path
    found = true
  }
  throw new HostError(found ? 'EACCES' : 'ENOENT', 'run', name)
}

function wait(pid: number, { timeoutMs, watch }: RunOptions, program: string): number {
  if (timeoutMs === undefined && watch === undefined) return exitCode(waitpid(pid, 0, program).status)
  const deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : os.now() + timeoutMs
  const look = atIntervals(watch)
  let pause = 1
  try {
    while (os.now() < deadline) {
      const child = waitpid(pid, os.WNOHANG, program)
      if (child.pid === pid) return exitCode(child.status)
      look()
      os.sleep(pause)
      pause = Math.min(pause * 2, 50)
    }
  } catch (error) {
    end(pid, program)
    throw error
  }
  end(pid, program)
  return timedOut
}

function atIntervals(watch: Watch | undefined): () => void {
  let next = os.now() + (watch?.every ?? 0)
  return () => {
    if (!watch || os.now() < next) return
    next = os.now() + watch.every
    watch.look()
  }
}

function end(pid: number, program: string): void {
  os.kill(pid, signalKill)
  waitpid(pid, 0, program)
}

function waitpid(pid: number, options: number, program: string): { pid: number; status: number } {
  for (;;) {
    const [ended, status] = os.waitpid(pid, options)
    if (ended >= 0) return { pid: ended, status }
    const errno = errnoName(ended)
    if (errno !== 'EINTR') throw new HostError(errno, 'run', program)
  }
}

/** wait(2): the low seven bits are the signal, the next byte the exit code. */
function exitCode(status: number): number {
  const signal = status & 0x7f
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal
}
