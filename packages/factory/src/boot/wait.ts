import { KilnError } from '@kiln/contract'
import type { SerialConsole } from './console.ts'

export interface WaitOptions {
  readonly timeoutMs: number
  /** Look from this position of the console on. Default: from its first line on. */
  readonly since?: number
  readonly signal?: AbortSignal | undefined
}

/** What came first. `line` is without its end. */
export type Outcome<Name extends string = string> =
  | { readonly kind: 'match'; readonly name: Name; readonly line: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'ended' }

interface Watched {
  readonly console: SerialConsole
  /** Settles when nothing more will come. */
  readonly ended: Promise<unknown>
}

/**
 * Waits for the first of several patterns, the end of the machine, or the end of the time. Nothing polls.
 * Where one line matches more than one pattern, the one named first wins.
 * @throws KilnError E-INTERRUPTED
 */
export async function waitForOutcome<Name extends string>(
  { console, ended }: Watched,
  patterns: Readonly<Record<Name, RegExp>>,
  { timeoutMs, since = 0, signal }: WaitOptions,
): Promise<Outcome<Name>> {
  if (signal?.aborted) throw interrupted(signal)
  let next = since
  const look = () => {
    const found = firstMatch(console, patterns, next)
    next = Math.max(since, console.position)
    return found
  }
  const already = look()
  if (already) return already

  const { promise, resolve, reject } = Promise.withResolvers<Outcome<Name>>()
  const stopLooking = console.onChange(() => {
    const found = look()
    if (found) resolve(found)
  })
  const interrupt = () => reject(interrupted(signal))
  signal?.addEventListener('abort', interrupt)
  const timer = setTimeout(() => resolve({ kind: 'timeout' }), timeoutMs)
  ended.then(() => resolve({ kind: 'ended' }), reject)
  try {
    return await promise
  } finally {
    stopLooking()
    signal?.removeEventListener('abort', interrupt)
    clearTimeout(timer)
  }
}

function firstMatch<Name extends string>(
  console: SerialConsole,
  patterns: Readonly<Record<Name, RegExp>>,
  since: number,
): Outcome<Name> | undefined {
  const names = Object.keys(patterns) as Name[]
  const matches = names.flatMap((name) => {
    const match = console.find(patterns[name], since)
    return match ? [{ name, ...match }] : []
  })
  const [first] = matches.toSorted((a, b) => a.position - b.position)
  return first && { kind: 'match', name: first.name, line: first.line }
}

function interrupted(signal: AbortSignal | undefined): KilnError {
  return new KilnError('E-INTERRUPTED', 'interrupted', { cause: signal?.reason })
}
