import { AgentError } from '../agent-error.ts'
import type { Host, Lock } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'

/** Ends with the machine, so that nobody has to clear a stale one. */
const lockFile = '/run/kiln/lifecycle.lock'

/** Who only looks holds the lock for a moment, and nobody shall be refused for that. */
const patienceMs = 3000
const pauseMs = 100

/**
 * One operation at a time changes slots, record or boot entries.
 * @param what for whoever is refused: `upgrade`
 * @param patience milliseconds to wait for another operation
 * @throws AgentError busy, naming who holds the lock
 */
export function withLifecycleLock<T>(
  host: Host,
  what: string,
  action: () => T,
  patience: number = patienceMs,
): T {
  host.mkdir('/run/kiln', { recursive: true })
  const lock = awaitLock(host, patience)
  if (!lock) {
    const holder = readIfThere(host, lockFile)?.trim()
    throw new AgentError('busy', `Running: ${holder || 'an operation that has just started'}.`)
  }
  try {
    host.write(lockFile, `${what}${processId(host)}, since ${new Date(host.now()).toISOString()}\n`)
    return action()
  } finally {
    lock.release()
  }
}

function awaitLock(host: Host, patience: number): Lock | undefined {
  const deadline = host.uptime() + patience
  for (;;) {
    const lock = host.lock(lockFile)
    if (lock || host.uptime() >= deadline) return lock
    host.sleep(pauseMs)
  }
}

/** proc_pid_stat(5): the number comes first. */
function processId(host: Host): string {
  const [id] = readIfThere(host, '/proc/self/stat')?.split(' ') ?? []
  return id === undefined ? '' : ` (process ${id})`
}
