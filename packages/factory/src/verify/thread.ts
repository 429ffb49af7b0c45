import { Worker } from 'node:worker_threads'
import { type ErrorCode, KilnError, type KilnErrorInit } from '@kiln/contract'
import type { Verification, VerifyOptions } from './verify.ts'

export interface Request {
  readonly id: number
  readonly file: string
  readonly options: VerifyOptions
}

/** Errors do not cross threads as what they are. */
export type Answer = { readonly id: number } & (
  | { readonly verification: Verification }
  | { readonly refused: { readonly code: ErrorCode; readonly message: string; readonly init: KilnErrorInit } }
  | { readonly defect: string }
)

interface Waiting {
  resolve(verification: Verification): void
  reject(error: unknown): void
}

/** One thread for all verifications of this process, so that its modules are loaded once. It lives while it has work. */
let worker: Worker | undefined
let lastId = 0
const waiting = new Map<number, Waiting>()

/**
 * As {@link verifyArtifactFile}, on another processor: hashing is work, and a build makes further artifacts meanwhile.
 * @param signal ends the thread, and everything in it
 */
export async function verifyInThread(
  file: string,
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<Verification> {
  signal.throwIfAborted()
  const id = ++lastId
  worker ??= startWorker()
  const thread = worker
  const stop = () => end(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise<Verification>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      thread.ref()
      thread.postMessage({ id, file, options } satisfies Request)
    })
  } finally {
    signal.removeEventListener('abort', stop)
    waiting.delete(id)
    // A process may end though the thread is idle.
    if (waiting.size === 0) thread.unref()
  }
}

function startWorker(): Worker {
  const started = new Worker(new URL('./worker.ts', import.meta.url))
  started.on('message', (answer: Answer) => {
    const { resolve, reject } = waiting.get(answer.id) ?? {}
    if ('verification' in answer) resolve?.(answer.verification)
    else if ('defect' in answer) reject?.(new Error(answer.defect))
    else reject?.(new KilnError(answer.refused.code, answer.refused.message, answer.refused.init))
  })
  started.on('error', end)
  return started
}

function end(reason: unknown): void {
  const ended = worker
  worker = undefined
  for (const { reject } of waiting.values()) reject(reason)
  void ended?.terminate()
}
