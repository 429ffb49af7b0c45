import { Worker } from 'node:worker_threads'
import { type ErrorCode, KilnError, type KilnErrorInit } from '@kiln/contract'
import type { RootFacts } from './payload.ts'
import type { Check } from './report.ts'
import type { Verification, VerifyOptions } from './verify.ts'

/** What the thread can do: how it is asked, and what it answers. */
export interface Tasks {
  artifact: { readonly ask: { readonly file: string; readonly options: VerifyOptions }; answer: Verification }
  root: { readonly ask: { readonly file: string; readonly root: RootFacts }; answer: readonly Check[] }
  payload: { readonly ask: { readonly folder: string }; answer: readonly Check[] }
}

export type Task = { readonly [K in keyof Tasks]: { readonly kind: K } & Tasks[K]['ask'] }[keyof Tasks]

export type Request = Task & { readonly id: number }

/** Errors do not cross threads as what they are. */
export type Answer = { readonly id: number } & (
  | { readonly found: Tasks[keyof Tasks]['answer'] }
  | { readonly refused: { readonly code: ErrorCode; readonly message: string; readonly init: KilnErrorInit } }
  | { readonly defect: string }
)

interface Waiting {
  resolve(found: never): void
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
export function verifyInThread(
  file: string,
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<Verification> {
  return ask<'artifact'>({ kind: 'artifact', file, options }, signal)
}

/** As {@link verifyRootFile}, in that thread. */
export function verifyRootInThread(
  file: string,
  { rootHash, hashOffset }: RootFacts,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  return ask<'root'>({ kind: 'root', file, root: { rootHash, hashOffset } }, signal)
}

/** As {@link verifyPayloadFolder}, in that thread. */
export function verifyPayloadInThread(folder: string, signal: AbortSignal): Promise<readonly Check[]> {
  return ask<'payload'>({ kind: 'payload', folder }, signal)
}

async function ask<K extends keyof Tasks>(task: Task, signal: AbortSignal): Promise<Tasks[K]['answer']> {
  signal.throwIfAborted()
  const id = ++lastId
  worker ??= startWorker()
  const thread = worker
  const stop = () => end(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise<Tasks[K]['answer']>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      thread.ref()
      thread.postMessage({ ...task, id } satisfies Request)
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
    if ('found' in answer) resolve?.(answer.found as never)
    else if ('defect' in answer) reject?.(new Error(answer.defect))
    else reject?.(new KilnError(answer.refused.code, answer.refused.message, answer.refused.init))
  })
  started.on('error', end)
  // Nobody would hear of one that ends without an error, and who waits for it would wait for ever.
  started.on('exit', () => {
    if (worker === started) end(new Error('the thread of verifications ended'))
  })
  return started
}

function end(reason: unknown): void {
  const ended = worker
  worker = undefined
  for (const { reject } of waiting.values()) reject(reason)
  void ended?.terminate()
}
