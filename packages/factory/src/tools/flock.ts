import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { KilnError } from '@kiln/contract'
import { missingTool } from './host-tools.ts'

/** A lock on a file, held until it is released or this process ends, however it ends. */
export interface Lock {
  release(): Promise<void>
}

export interface LockOptions {
  /** How long to wait for another holder, in milliseconds. Default: as long as it takes. */
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

const conflict = 75

/**
 * Takes the lock on a file, which is made where it is missing. Node.js has no flock(2), so a child holds it: `cat`, which
 * ends when its standard input does. If this process is killed, the kernel closes that, and the lock is free.
 * @returns undefined where another holder kept it for longer than `waitMs`
 * @throws the reason of the signal; KilnError E-TOOL-MISSING, E-TOOL-FAILED
 */
export async function takeLock(file: string, options: LockOptions = {}): Promise<Lock | undefined> {
  options.signal?.throwIfAborted()
  const child = spawn('flock', lockArguments(file, options.waitMs), {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => {})
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const release = async () => {
    child.ref()
    child.stdin.end()
    await ended
  }
  const giveUp = () => child.kill('SIGKILL')
  options.signal?.addEventListener('abort', giveUp)
  try {
    const held = await outcome(child, file)
    options.signal?.throwIfAborted()
    if (!held) return undefined
    letGo(child)
    return { release }
  } finally {
    options.signal?.removeEventListener('abort', giveUp)
  }
}

export function lockArguments(file: string, waitMs?: number): string[] {
  const wait = waitMs === undefined ? [] : ['--timeout', String(waitMs / 1000)]
  // --no-fork: no second process that would keep the lock after the first was killed.
  return [...wait, '--conflict-exit-code', `${conflict}`, '--no-fork', file, 'sh', '-c', 'echo; exec cat']
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

function outcome(child: Child, file: string): Promise<boolean> {
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? missingTool('flock') : error),
    )
    child.stdout.once('data', () => resolve(true))
    child.once('close', (code, signal) => {
      if (code === conflict || signal) resolve(false)
      else reject(new KilnError('E-TOOL-FAILED', `flock could not lock ${file}`, { output: said.trim() }))
    })
  })
}

/** A lock that is held must not keep the program from ending. */
function letGo(child: Child): void {
  child.unref()
  for (const stream of [child.stdin, child.stdout, child.stderr] as unknown as { unref?(): void }[]) {
    stream.unref?.()
  }
}
