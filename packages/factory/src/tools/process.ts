import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import { KilnError } from '@kiln/contract'
import { type HostTool, missingTool } from './host-tools.ts'

/** Starts programs that run to their end; tools/qemu.ts keeps one alive. Arguments are a list, never a shell line. */
export interface RunOptions {
  readonly cwd?: string
  /** Replaces the whole environment of the child, apart from the fixed part below. */
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** Each line of standard output and standard error, as it comes. */
  readonly onLine?: (line: string) => void
  readonly signal?: AbortSignal | undefined
  /** Exit codes that are no failure. Default: 0 only. */
  readonly okCodes?: readonly number[]
  /** Turns the output of a failed run into a better error than E-TOOL-FAILED, where it can. */
  readonly explain?: (output: string) => KilnError | undefined
}

export interface RunResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Nothing of the user's locale, time zone or options may reach a result. */
const fixedEnvironment = { LC_ALL: 'C.UTF-8', TZ: 'UTC', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } as const

/** Variables that say how the machine reaches the network; they change where bytes come from, not what they are. */
const passedThrough = [
  'HOME',
  'TMPDIR',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
]

const keptOutputLines = 40

/**
 * Runs a program of the host to its end.
 * @throws KilnError E-TOOL-MISSING with how to install it, E-DISK-FULL, E-INTERRUPTED, or E-TOOL-FAILED with the last lines it said
 */
export async function run(
  tool: HostTool,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const child = start(tool, args, options)
  const tail = keepTail(options)
  createInterface(child.stdout).on('line', tail.note)
  const stdout = collect(child.stdout)
  return { ...(await finish(child, tool, tail, options)), stdout: stdout() }
}

/** As {@link run}, for output that is too much to keep or no text: each piece of standard output goes to `onChunk`. */
export async function runStreaming(
  tool: HostTool,
  args: readonly string[],
  onChunk: (chunk: Buffer) => void,
  options: RunOptions = {},
): Promise<void> {
  const child = start(tool, args, options)
  child.stdout.on('data', onChunk)
  await finish(child, tool, keepTail(options), options)
}

function start(tool: HostTool, args: readonly string[], options: RunOptions): ChildProcessWithoutNullStreams {
  options.signal?.throwIfAborted()
  return spawn(tool, args, {
    cwd: options.cwd,
    env: { ...inherited(), ...fixedEnvironment, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: options.signal,
    // unshare blocks SIGTERM while its child runs; its own end takes the child with it (--kill-child).
    killSignal: 'SIGKILL',
  })
}

interface Tail {
  readonly lines: readonly string[]
  note(line: string): void
}

function keepTail({ onLine }: RunOptions): Tail {
  const lines: string[] = []
  return {
    lines,
    note(line) {
      lines.push(line)
      if (lines.length > keptOutputLines) lines.shift()
      onLine?.(line)
    },
  }
}

async function finish(
  child: ChildProcessWithoutNullStreams,
  tool: HostTool,
  tail: Tail,
  options: RunOptions,
): Promise<Omit<RunResult, 'stdout'>> {
  createInterface(child.stderr).on('line', tail.note)
  const stderr = collect(child.stderr)
  // A child that ends before it has read its input is judged by its exit code.
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')

  // Only when it is closed has it stopped writing; an error alone does not say so.
  let error: Error | undefined
  child.on('error', (reason) => {
    error ??= startError(tool, reason)
  })
  const code = await new Promise<number>((resolve) => {
    child.on('close', (status, signal) => resolve(status ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
  if (error) throw error
  if ((options.okCodes ?? [0]).includes(code)) return { code, stderr: stderr() }
  throw failure(tool, code, tail.lines, options)
}

function inherited(): Record<string, string> {
  const pairs = passedThrough.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(pairs)
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString('utf8')
}

function startError(tool: HostTool, error: NodeJS.ErrnoException): Error {
  if (error.name === 'AbortError')
    return new KilnError('E-INTERRUPTED', `${tool} was interrupted`, { cause: error })
  if (error.code === 'ENOENT') return missingTool(tool)
  return new KilnError('E-TOOL-FAILED', `${tool} could not be started: ${error.message}`, { cause: error })
}

function failure(tool: HostTool, code: number, tail: readonly string[], options: RunOptions): KilnError {
  const output = tail.join('\n')
  if (/No space left on device|ENOSPC/.test(output)) {
    return new KilnError('E-DISK-FULL', `no space is left: ${tool} could not go on`, {
      output,
      hint: 'free some space, or put the cache elsewhere with --cache DIR, and run the same command again',
    })
  }
  return (
    options.explain?.(output) ??
    new KilnError('E-TOOL-FAILED', `${tool} failed with exit code ${code}`, { output })
  )
}
